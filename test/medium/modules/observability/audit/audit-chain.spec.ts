import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { AuditChainRepository } from '../../../../../src/modules/observability/audit/audit-chain.repository.js';
import { AuditChain } from '../../../../../src/modules/observability/audit/audit-chain.service.js';
import { AuditSealer } from '../../../../../src/modules/observability/audit/audit-sealer.js';
import type { AuditTrail } from '../../../../../src/modules/observability/index.js';
import { systemClock } from '../../../../../src/shared/context/clock.js';
import { requestContext } from '../../../../../src/shared/context/request-context.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { anAuditTrail } from '../../../../support/an-audit-trail.js';
import {
  connectTestDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../../../support/servers/test-database.js';

const ALL = 100_000;
const ACTOR = v7();

describe(AuditChain.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let trail: AuditTrail;
  let sealer: AuditSealer;
  let chain: AuditChain;

  beforeEach(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
    trail = anAuditTrail(dataSource, { keyFor: () => Buffer.alloc(32, 7) });
    ({ sealer, chain } = aChain(dataSource));
  });
  afterEach(() => database.drop());

  function aChain(source: DataSource): {
    sealer: AuditSealer;
    chain: AuditChain;
    repository: AuditChainRepository;
  } {
    const repository = new AuditChainRepository(source);
    const sealer = new AuditSealer(repository, new KeptLog().logger, systemClock);
    return { sealer, chain: new AuditChain(repository, sealer), repository };
  }

  async function record(count: number, requestId?: string): Promise<void> {
    for (let index = 0; index < count; index += 1)
      await trail.record({
        actorId: ACTOR,
        action: 'user.update',
        targetType: 'user',
        targetId: v7(),
        details: { tier: 'pro', index },
        before: { tier: 'free' },
        requestId,
      });
  }

  const seqs = async (): Promise<number[]> =>
    (await dataSource.query<{ seq: string }[]>('SELECT seq FROM audit_entry ORDER BY seq')).map(({ seq }) =>
      Number(seq),
    );
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

  /** As somebody does who owns the tables: no trigger is in the way. */
  async function behindTheTriggers(sql: string): Promise<void> {
    await dataSource.transaction(async (manager) => {
      await manager.query(`SET LOCAL session_replication_role = replica`);
      await manager.query(sql);
    });
  }

  const exported = async (): Promise<string> => {
    let text = '';
    for await (const piece of await chain.export()) text += piece;
    return text;
  };

  it('makes one chain without a gap, whoever seals, while entries come in', async () => {
    const second = await connectTestDatabase(database.url);
    const others = [aChain(dataSource), aChain(second.dataSource)];
    const writing = Promise.all([record(60), record(60), record(60)]);
    let isWriting = true;
    void writing.finally(() => (isWriting = false));
    const sealing = others.map(async ({ repository }, index) => {
      while (isWriting) await repository.seal(7, index === 0);
    });
    await Promise.all([writing, ...sealing]);
    await Promise.all(others.map((other) => other.sealer.sealNow()));
    expect(await seqs()).toEqual(upTo(180));
    expect(await others[1]!.chain.verify(0, ALL)).toMatchObject({
      ok: true,
      checked: 180,
      firstBrokenSeq: null,
    });
    await second.drop();
  });

  it('leaves the sealing to whoever is at it, and goes on where that one has ended', async () => {
    await record(3);
    const { repository } = aChain(dataSource);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT 1 FROM audit_head FOR UPDATE');
    expect(await repository.seal(10, false)).toBeUndefined();
    const patient = repository.seal(10, true);
    await runner.commitTransaction();
    await runner.release();
    expect(await patient).toMatchObject({ sealed: 3, head: { seq: 3 } });
  });

  it('gives a place to what was written before and is committed late, and changes none for it', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await trail.record(
      { actorId: ACTOR, action: 'a.late', targetType: 'x', targetId: v7(), details: {} },
      runner.manager,
    );
    await record(2);
    await sealer.sealNow();
    await runner.commitTransaction();
    await runner.release();
    expect(await chain.verify(0, ALL)).toMatchObject({ ok: true, checked: 3 });
    expect((await trail.findPage({ limit: 10 }, { action: 'a.late' }))[0]).toMatchObject({ seq: 3 });
  });

  it.each([
    ['a change', `UPDATE audit_entry SET after = '{}' WHERE seq = 2`],
    ['another place', `UPDATE audit_entry SET seq = 9 WHERE seq = 2`],
    ['being unsealed', `UPDATE audit_entry SET seq = NULL, hash = NULL WHERE seq = 2`],
    ['being removed', `DELETE FROM audit_entry WHERE seq = 2`],
    ['being removed with all others', `TRUNCATE audit_entry`],
    ['a head that goes back', `UPDATE audit_head SET seq = 1`],
    ['a head that is removed', `DELETE FROM audit_head`],
    ['a head that is emptied', `TRUNCATE audit_head`],
    [
      'an entry that brings its own place',
      `INSERT INTO audit_entry (id, actor_id, action, target_type, target_id, before, after, created_at, seq, hash)
       SELECT gen_random_uuid(), actor_id, action, target_type, target_id, before, after, created_at, 4, hash
         FROM audit_entry WHERE seq = 3`,
    ],
  ])('does not suffer %s', async (_, sql) => {
    await record(3);
    await sealer.sealNow();
    await expect(dataSource.query(sql)).rejects.toThrow('append-only');
    expect(await chain.verify(0, ALL)).toMatchObject({ ok: true, checked: 3 });
  });

  it('does not let an entry be changed before it is sealed either', async () => {
    await record(1);
    const change = `UPDATE audit_entry SET action = 'x', seq = 1, hash = 'x'`;
    await expect(dataSource.query(change)).rejects.toThrow('append-only');
    await expect(dataSource.query('DELETE FROM audit_entry')).rejects.toThrow('append-only');
  });

  it.each([
    ['a change', `UPDATE audit_entry SET after = '{"tier":"free","index":1}' WHERE seq = 2`, 2],
    ['another outcome', `UPDATE audit_entry SET outcome = 'refused' WHERE seq = 4`, 4],
    ['another time', `UPDATE audit_entry SET created_at = created_at + interval '1 ms' WHERE seq = 1`, 1],
    ['a removed entry', `DELETE FROM audit_entry WHERE seq = 3`, 3],
    ['a removed end', `DELETE FROM audit_entry WHERE seq > 2`, 3],
    [
      'an end that forgets',
      `UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit_entry WHERE seq = 3)`,
      4,
    ],
    ['a head that is gone', `DELETE FROM audit_head`, 1],
    [
      'two entries in each other’s place',
      `UPDATE audit_entry SET seq = -seq WHERE seq IN (2, 3);
      UPDATE audit_entry SET seq = 5 + seq WHERE seq IN (-2, -3)`,
      2,
    ],
  ])('finds %s, by whoever went past the triggers', async (_, sql, firstBrokenSeq) => {
    await record(4);
    await sealer.sealNow();
    await behindTheTriggers(sql);
    expect(await chain.verify(0, ALL)).toMatchObject({
      ok: false,
      checked: firstBrokenSeq - 1,
      firstBrokenSeq,
    });
  });

  it('is checked in parts', async () => {
    await record(5);
    expect(await chain.verify(0, 2)).toMatchObject({
      ok: true,
      checked: 2,
      nextAfterSeq: 2,
      head: { seq: 5 },
    });
    expect(await chain.verify(2, 2)).toMatchObject({ ok: true, checked: 2, nextAfterSeq: 4 });
    expect(await chain.verify(4, 2)).toMatchObject({ ok: true, checked: 1, nextAfterSeq: null });
    expect(await chain.verify(5, 2)).toMatchObject({ ok: true, checked: 0, nextAfterSeq: null });
    await behindTheTriggers(`DELETE FROM audit_entry WHERE seq = 4`);
    expect(await chain.verify(2, 2)).toMatchObject({
      ok: false,
      checked: 1,
      firstBrokenSeq: 4,
      nextAfterSeq: null,
    });
    expect(await chain.verify(4, 2)).toMatchObject({ ok: false, firstBrokenSeq: 4 });
  });

  it('is checked in an export, without the installation', async () => {
    await record(3);
    const text = await exported();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(text).not.toContain('@');
    const folder = await mkdtemp(join(tmpdir(), 'perch-audit-'));
    const verify = async (content: string): Promise<unknown> => {
      const file = join(folder, 'audit.ndjson');
      await writeFile(file, content);
      return new Promise((resolve) => {
        execFile(process.execPath, ['scripts/audit-verify.mjs', file], (error, stdout) =>
          resolve([error?.code ?? 0, ...Object.values(JSON.parse(stdout) as object).slice(0, 3)]),
        );
      });
    };
    expect(await verify(text)).toEqual([0, true, 3, null]);
    expect(await verify(text.replace('"index":1', '"index":2'))).toEqual([1, false, 1, 2]);
    expect(await verify(lines.toSpliced(1, 1).join('\n'))).toEqual([1, false, 1, 2]);
    expect(await verify(lines.slice(0, 3).join('\n'))).toEqual([1, false, 3, null]);
    expect(await verify(`${lines.slice(0, 2).join('\n')}\nnothing\n${lines[3]!}`)).toEqual([1, false, 2, 3]);
    expect(await readFile(join(folder, 'audit.ndjson'), 'utf8')).toContain('nothing');
    await rm(folder, { recursive: true });
  });

  it('knows of a request from where it came, and not from a request that only happened to be there', async () => {
    await requestContext.run({ requestId: 'a', clientAddress: '203.0.113.77' }, async () => {
      await record(1, 'a');
      await record(1, 'b');
    });
    const [other, own] = await trail.findPage({ limit: 2 });
    expect(own).toMatchObject({ requestId: 'a', from: { network: '203.0.113.0/24' } });
    expect(other).toMatchObject({ requestId: 'b', from: null });
  });

  it('costs whoever records one statement, and nobody else a wait', async () => {
    const statements: string[] = [];
    const { manager } = dataSource;
    const counting = new Proxy(manager, {
      get: (target, property: keyof typeof manager) =>
        property === 'query'
          ? (sql: string, parameters: unknown[]) => {
              statements.push(sql);
              return target.query(sql, parameters);
            }
          : target[property],
    });
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT 1 FROM audit_head FOR UPDATE');
    await trail.record(
      { actorId: ACTOR, action: 'a.b', targetType: 'x', targetId: v7(), details: {} },
      counting,
    );
    await runner.rollbackTransaction();
    await runner.release();
    expect(statements).toEqual([expect.stringContaining('INSERT INTO audit_entry')]);
  });

  it('seals what is left when the process stops', async () => {
    sealer.onApplicationBootstrap();
    await record(2);
    await sealer.beforeApplicationShutdown();
    expect(await seqs()).toEqual([1, 2]);
  });
});
