import { v7 } from 'uuid';
import { IdempotencyKeyRepository } from '../../../../../src/modules/agent/idempotency/idempotency-key.repository.js';
import { RunAdmissionRepository } from '../../../../../src/modules/agent/run-admission.repository.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { anAdmission, aUser } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const HASH = Buffer.alloc(32, 1);
const OTHER_HASH = Buffer.alloc(32, 2);

describe(IdempotencyKeyRepository.name, () => {
  let database: TestDatabase;
  let keys: IdempotencyKeyRepository;
  let admissions: RunAdmissionRepository;
  let user: Principal;

  beforeAll(async () => {
    database = await createTestDatabase();
    keys = new IdempotencyKeyRepository(database.dataSource);
    admissions = new RunAdmissionRepository(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    user = await aUser(database.dataSource);
  });

  /** A key whose request was admitted. */
  async function aUsedKey(key: string): Promise<{ runId: string; sessionId: string }> {
    const [runId, sessionId] = [v7(), v7()];
    await keys.claim(user.userId, key, HASH, runId);
    await admissions.startInNewConversation(
      sessionId,
      'hi',
      anAdmission(user, { runId, idempotencyKey: key }),
    );
    return { runId, sessionId };
  }

  const isOver = (column: 'claimed_until' | 'expires_at', key: string): Promise<unknown> =>
    database.dataSource.query(
      `UPDATE idempotency_key SET ${column} = now() - interval '1 second' WHERE user_id = $1 AND key = $2`,
      [user.userId, key],
    );

  it('gives a key to exactly one of twenty requests that come at once', async () => {
    const runIds = Array.from({ length: 20 }, () => v7());
    const claims = await Promise.all(runIds.map((runId) => keys.claim(user.userId, 'k', HASH, runId)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await keys.find(user.userId, 'k')).toEqual({
      bodyHash: HASH,
      runId: runIds[claims.indexOf(true)],
      sessionId: null,
    });
  });

  it('knows nothing of another user’s key, and leaves it alone', async () => {
    const stranger = await aUser(database.dataSource);
    const [mine, theirs] = [v7(), v7()];
    expect(await keys.claim(user.userId, 'k', HASH, mine)).toBe(true);
    expect(await keys.find(stranger.userId, 'k')).toBeUndefined();
    await keys.release(stranger.userId, 'k', mine);
    expect(await keys.claim(stranger.userId, 'k', OTHER_HASH, theirs)).toBe(true);
    expect(await keys.find(user.userId, 'k')).toMatchObject({ runId: mine });
  });

  it('lets a claim be taken over only once it counts as abandoned', async () => {
    const [first, second] = [v7(), v7()];
    await keys.claim(user.userId, 'k', HASH, first);
    expect(await keys.claim(user.userId, 'k', HASH, second)).toBe(false);
    await isOver('claimed_until', 'k');
    expect(await keys.claim(user.userId, 'k', OTHER_HASH, second)).toBe(true);
    expect(await keys.find(user.userId, 'k')).toMatchObject({ runId: second, bodyHash: OTHER_HASH });
    expect(await keys.claim(user.userId, 'k', HASH, first)).toBe(false);
  });

  it('never gives up a key that has its run, before its day is over', async () => {
    const { runId, sessionId } = await aUsedKey('k');
    await isOver('claimed_until', 'k');
    expect(await keys.claim(user.userId, 'k', HASH, v7())).toBe(false);
    await keys.release(user.userId, 'k', runId);
    expect(await keys.find(user.userId, 'k')).toMatchObject({ runId, sessionId });
    await isOver('expires_at', 'k');
    const next = v7();
    expect(await keys.claim(user.userId, 'k', OTHER_HASH, next)).toBe(true);
    expect(await keys.find(user.userId, 'k')).toEqual({ bodyHash: OTHER_HASH, runId: next, sessionId: null });
  });

  it('keeps a key used when its conversation is erased', async () => {
    const { runId, sessionId } = await aUsedKey('k');
    await database.dataSource.query('DELETE FROM conversation WHERE id = $1', [sessionId]);
    expect(await keys.claim(user.userId, 'k', HASH, v7())).toBe(false);
    expect(await keys.find(user.userId, 'k')).toMatchObject({ runId, sessionId });
  });

  it('frees a key for the request that claimed it, and for nobody else', async () => {
    const runId = v7();
    await keys.claim(user.userId, 'k', HASH, runId);
    await keys.release(user.userId, 'k', v7());
    expect(await keys.find(user.userId, 'k')).toMatchObject({ runId });
    await keys.release(user.userId, 'k', runId);
    expect(await keys.find(user.userId, 'k')).toBeUndefined();
  });

  it('removes the keys whose day is over, and no others', async () => {
    await keys.claim(user.userId, 'old', HASH, v7());
    await keys.claim(user.userId, 'new', HASH, v7());
    await isOver('expires_at', 'old');
    await keys.removeExpired();
    expect(await keys.find(user.userId, 'old')).toBeUndefined();
    expect(await keys.find(user.userId, 'new')).toBeDefined();
  });
});
