import { v7 } from 'uuid';
import type { SeenDefinition } from '../../../../../src/modules/tools/mcp/definitions/mcp-definition.js';
import { offeredHashes } from '../../../../../src/modules/tools/mcp/pins/tool-pin.js';
import { ToolPinRepository } from '../../../../../src/modules/tools/mcp/pins/tool-pin.repository.js';
import { uuidV7Ids } from '../../../../../src/shared/context/ids.js';
import { anAuditTrail } from '../../../../support/an-audit-trail.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const NOW = new Date('2026-11-25T14:30:00Z');
const TRUST = { onFirstUse: true, changes: false };

const seen = (name: string, hash: string): SeenDefinition => ({
  hash,
  definition: { name, description: `Does ${hash}.`, inputSchema: { type: 'object' }, annotations: {} },
});

describe(ToolPinRepository.name, () => {
  let database: TestDatabase;
  let pins: ToolPinRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    pins = new ToolPinRepository(database.dataSource, anAuditTrail(database.dataSource), uuidV7Ids);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.dataSource.query('TRUNCATE tool_pin, audit_entry'));

  const offered = async (): Promise<unknown> => Object.fromEntries(offeredHashes(await pins.states(['s'])));
  const decision = (status: 'approved' | 'rejected', auditId = v7()) => ({
    status,
    actorId: '0193ab3f-1d20-7000-8000-6b1f0e9a4c55',
    requestId: 'a-request',
    auditId,
    now: NOW,
  });
  const idOf = async (hash: string): Promise<string> =>
    (await pins.states(['s'])).find((pin) => pin.hash === hash)!.id;
  const entries = (): Promise<unknown[]> =>
    database.dataSource.query(
      'SELECT action, target_id, before, after, request_id FROM audit_entry ORDER BY id',
    );

  it('keeps what was seen first, and lets what came later wait', async () => {
    await pins.observe('s', [seen('a', '1'), seen('b', '1')], TRUST, NOW);
    await pins.observe('s', [seen('a', '2'), seen('b', '1')], TRUST, NOW);
    expect(await offered()).toEqual({ b: '1' });
    expect(await pins.listed(['s'])).toEqual([
      { server: 's', ...seen('a', '2') },
      { server: 's', ...seen('b', '1') },
    ]);
    expect(await pins.findPage({ limit: 10 }, { status: 'pending' })).toEqual([
      {
        id: expect.any(String),
        server: 's',
        tool: 'a',
        hash: '2',
        definition: seen('a', '2').definition,
        status: 'pending',
        firstSeenAt: NOW,
        lastSeenAt: NOW,
        decidedBy: null,
        decidedAt: null,
      },
    ]);
  });

  it('approves one of many first sights at the same time, though the server shows everybody something else', async () => {
    await Promise.all(
      Array.from({ length: 6 }, (_, i) => pins.observe('s', [seen('a', `${i}`)], TRUST, NOW)),
    );
    const statuses = (await pins.states(['s'])).map(({ status }) => status).sort();
    expect(statuses).toEqual(['approved', ...Array<string>(5).fill('pending')]);
    expect(await offered()).toEqual({});
  });

  it('approves one definition in the place of all others, and writes down who did', async () => {
    for (const hash of ['1', '2', '3']) await pins.observe('s', [seen('a', hash)], TRUST, NOW);
    const id = await idOf('3');
    const decided = await pins.decide(id, decision('approved'));
    expect(decided).toMatchObject({ isChanged: true, pin: { id, status: 'approved', decidedAt: NOW } });
    expect(await offered()).toEqual({ a: '3' });
    expect((await pins.states(['s'])).map(({ hash, status }) => `${hash} ${status}`).sort()).toEqual([
      '1 superseded',
      '2 superseded',
      '3 approved',
    ]);
    expect(await entries()).toEqual([
      {
        action: 'tool_pin.approve',
        target_id: id,
        before: { status: 'pending' },
        after: { status: 'approved', server: 's', tool: 'a', hash: '3' },
        request_id: 'a-request',
      },
    ]);
    expect(await pins.decide(id, decision('approved'))).toMatchObject({ isChanged: false });
    expect(await entries()).toHaveLength(1);
  });

  it('offers the old definition again when the new one was refused', async () => {
    await pins.observe('s', [seen('a', '1')], TRUST, NOW);
    await pins.observe('s', [seen('a', '2')], TRUST, NOW);
    await pins.decide(await idOf('2'), decision('rejected'));
    await pins.observe('s', [seen('a', '2')], TRUST, NOW);
    expect(await offered()).toEqual({ a: '1' });
  });

  it('decides nothing when the trail cannot be written', async () => {
    await pins.observe('s', [seen('a', '1')], TRUST, NOW);
    await pins.observe('s', [seen('a', '2')], TRUST, NOW);
    const taken = v7();
    await pins.decide(await idOf('1'), decision('rejected', taken));
    await expect(pins.decide(await idOf('2'), decision('approved', taken))).rejects.toThrow();
    expect(await offered()).toEqual({});
  });

  it('knows nothing of a pin that is not there', async () => {
    expect(await pins.decide(v7(), decision('approved'))).toBeUndefined();
  });

  it('lists newest first, by server and status', async () => {
    await pins.observe('s', [seen('a', '1')], TRUST, NOW);
    await pins.observe('t', [seen('b', '1')], TRUST, NOW);
    const all = await pins.findPage({ limit: 10 }, {});
    expect(all.map(({ server }) => server)).toEqual(['t', 's']);
    expect(await pins.findPage({ limit: 10, before: all[0]!.id }, {})).toEqual([all[1]]);
    expect(await pins.findPage({ limit: 10 }, { server: 's', status: 'approved' })).toEqual([all[1]]);
  });
});
