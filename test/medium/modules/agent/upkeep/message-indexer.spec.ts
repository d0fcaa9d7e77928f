import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { MessageIndexer } from '../../../../../src/modules/agent/upkeep/message-indexer.js';
import { MessageVectorsRepository } from '../../../../../src/modules/conversation/index.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import { aConversationOf, type Saying } from '../../../../support/conversation/conversation-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const TALK: readonly Saying[] = [
  ['user', 'one'],
  ['tool', 'two'],
  ['assistant', 'three'],
  ['assistant', ' '],
];
const { signal } = new AbortController();

describe(MessageIndexer.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let user: Principal;
  let embedded: string[];
  beforeAll(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dataSource.query('DELETE FROM conversation');
    user = await aUser(dataSource);
    embedded = [];
  });

  /** `embed`: what happens in place of embedding. */
  function anIndexer(
    model = 'm1',
    embed: () => Promise<boolean> = () => Promise.resolve(true),
  ): MessageIndexer {
    return new MessageIndexer(
      new MessageVectorsRepository(dataSource),
      { model } as never,
      {
        embed: async (_: Principal, texts: readonly string[]) => {
          if (!(await embed())) return undefined;
          embedded.push(...texts);
          return { vectors: texts.map(() => Float32Array.of(0.6, 0.8)) };
        },
      } as never,
      { currentPrincipalOf: () => Promise.resolve(user) } as never,
      { recall: 'hybrid' } as never,
      new KeptLog().logger,
      { now: () => new Date('2020-01-01T00:00:00Z'), monotonicMs: () => 0 },
    );
  }

  const stored = (): Promise<unknown[]> =>
    dataSource.query(
      `SELECT m.seq, v.model, v.bits IS NOT NULL AS has_bits, v.vector, v.claimed_until IS NULL AS is_settled
         FROM message m LEFT JOIN message_vector v ON v.message_id = m.id ORDER BY m.seq`,
    );
  const done = (model: string): unknown[] => [
    { seq: 1, model, has_bits: true, vector: [0.6, 0.8], is_settled: true },
    { seq: 2, model, has_bits: false, vector: null, is_settled: true },
    { seq: 3, model, has_bits: true, vector: [0.6, 0.8], is_settled: true },
    { seq: 4, model, has_bits: false, vector: null, is_settled: true },
  ];

  it('gives what was said a vector, once, and what tools answered none', async () => {
    const id = await aConversationOf(dataSource, user.userId, TALK);
    await anIndexer().index(user, id, signal);
    expect(await stored()).toEqual(done('m1'));
    await anIndexer().index(user, id, signal);
    expect(embedded.sort()).toEqual(['one', 'three']);
  });

  it('finds what was missed, and what another model has embedded', async () => {
    await aConversationOf(dataSource, user.userId, TALK);
    expect(await anIndexer().sweep(signal)).toBe(4);
    expect(await anIndexer().sweep(signal)).toBe(0);
    expect(await anIndexer('m2').sweep(signal)).toBe(4);
    expect(await stored()).toEqual(done('m2'));
  });

  it('sweeps over more than a page, and on every process at once without doing anything twice', async () => {
    await aConversationOf(
      dataSource,
      user.userId,
      Array.from({ length: 600 }, (_, index) => ['user', `text ${index}`] as const),
    );
    const taken = await Promise.all([anIndexer().sweep(signal), anIndexer().sweep(signal)]);
    expect(taken[0] + taken[1]).toBe(600);
    expect(new Set(embedded).size).toBe(600);
  }, 30_000);

  it('leaves what cannot be embedded now for later', async () => {
    const id = await aConversationOf(dataSource, user.userId, TALK);
    await anIndexer('m1', () => Promise.resolve(false)).index(user, id, signal);
    await anIndexer('m1', () => Promise.reject(new Error('away'))).index(user, id, signal);
    await anIndexer().index(user, id, signal);
    expect(embedded).toEqual([]);
    await dataSource.query(`UPDATE message_vector SET claimed_until = now() - interval '1 second'`);
    await anIndexer().index(user, id, signal);
    expect(await stored()).toEqual(done('m1'));
  });

  it('forgets a message that is erased while it is embedded', async () => {
    const id = await aConversationOf(dataSource, user.userId, TALK);
    await anIndexer('m1', async () => {
      await dataSource.query('DELETE FROM conversation WHERE id = $1', [id]);
      await delay(1);
      return true;
    }).index(user, id, signal);
    expect(await dataSource.query('SELECT 1 FROM message_vector')).toEqual([]);
  });
});
