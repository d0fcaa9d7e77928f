import { EventEmitter, once } from 'node:events';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { v7 } from 'uuid';
import { CreatesRun } from '../../../../../src/modules/agent/idempotency/creates-run.decorator.js';
import { IdempotencyKeyRepository } from '../../../../../src/modules/agent/idempotency/idempotency-key.repository.js';
import { IdempotencyGuard } from '../../../../../src/modules/agent/idempotency/idempotency.guard.js';
import { RunAdmissionRepository } from '../../../../../src/modules/agent/run-admission.repository.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { requestContext, type RequestContext } from '../../../../../src/shared/context/request-context.js';
import { KeptLog } from '../../../../support/a-logger.js';
import { anAdmission, aUser } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';
import { until } from '../../../../support/until.js';

class Routes {
  @CreatesRun()
  create(): void {}
  read(): void {}
}

/** As much of a response as the guard looks at. */
class FakeResponse extends EventEmitter {
  readonly headers = new Map<string, string>();
  destroyed = false;

  setHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }

  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

/** One request that has come as far as the guard. */
interface Asked {
  readonly context: RequestContext;
  readonly response: FakeResponse;
  readonly answer: Promise<boolean>;
}

describe(IdempotencyGuard.name, () => {
  let database: TestDatabase;
  let keys: IdempotencyKeyRepository;
  let admissions: RunAdmissionRepository;
  let guard: IdempotencyGuard;
  let log: KeptLog;
  let user: Principal;

  beforeAll(async () => {
    database = await createTestDatabase();
    keys = new IdempotencyKeyRepository(database.dataSource);
    admissions = new RunAdmissionRepository(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    user = await aUser(database.dataSource);
    log = new KeptLog();
    guard = new IdempotencyGuard(new Reflector(), keys, log.logger, { next: v7 });
  });

  function ask(
    key: string | undefined,
    {
      body = { message: 'hi', session_id: 's' },
      principal = user,
      route = 'create',
    }: { body?: unknown; principal?: Principal | undefined; route?: 'create' | 'read' } = {},
  ): Asked {
    const context: RequestContext = { requestId: 'r', principal };
    const response = new FakeResponse();
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const execution = {
      switchToHttp: () => ({ getRequest: () => ({ headers, body }), getResponse: () => response }),
      getHandler: () => Routes.prototype[route],
      getClass: () => Routes,
    } as unknown as ExecutionContext;
    return { context, response, answer: requestContext.run(context, () => guard.canActivate(execution)) };
  }

  /** Lets the request through and admits it, as the run service does. */
  async function admit({ context }: Asked): Promise<string> {
    const { key, runId } = context.idempotency!;
    const sessionId = v7();
    expect(
      await admissions.startInNewConversation(
        sessionId,
        'hi',
        anAdmission(user, { runId, idempotencyKey: key }),
      ),
    ).toMatchObject({ outcome: 'started' });
    return sessionId;
  }

  it('has nothing to say where there is no key, no run to make, or nobody known', async () => {
    const asked = [ask(undefined), ask('k', { route: 'read' })];
    const unknown = requestContext.run({ requestId: 'r' }, () =>
      guard.canActivate({
        switchToHttp: () => ({ getRequest: () => ({ headers: { 'idempotency-key': 'k' } }) }),
      } as unknown as ExecutionContext),
    );
    expect(await Promise.all([...asked.map(({ answer }) => answer), unknown])).toEqual([true, true, true]);
    for (const { context } of asked) expect(context.idempotency).toBeUndefined();
    expect(await keys.find(user.userId, 'k')).toBeUndefined();
  });

  it.each([
    ['empty', ''],
    ['too long', 'k'.repeat(256)],
    ['with a space', 'a b'],
    ['sent twice', 'a, b'],
    ['not ASCII', 'schlüssel'],
    ['with a control character', 'a\u0007'],
  ])('refuses a key that is %s', async (_, key) => {
    await expect(ask(key).answer).rejects.toMatchObject({ code: 'validation_failed' });
  });

  it('lets the first request through with a run of its own, and answers a repetition by that run', async () => {
    const longest = '~'.repeat(255);
    const first = ask(longest);
    expect(await first.answer).toBe(true);
    expect(first.context.idempotency).toEqual({ key: longest, runId: expect.any(String) });
    const sessionId = await admit(first);
    // The same body, whatever the order of its members.
    const again = ask(longest, { body: { session_id: 's', message: 'hi' } });
    expect(await again.answer).toBe(true);
    expect(again.context.idempotency).toEqual({
      key: longest,
      runId: first.context.idempotency!.runId,
      repeats: { sessionId },
    });
    expect(again.response.headers).toEqual(new Map([['Idempotent-Replayed', 'true']]));
    expect(first.response.headers.size).toBe(0);
  });

  it('lets one of ten equal requests through; the others wait for its run and then have it', async () => {
    const asked = Array.from({ length: 10 }, () => ask('k'));
    const first = await Promise.race(asked.map((one) => one.answer.then(() => one)));
    expect(asked.filter(({ context }) => context.idempotency)).toEqual([first]);
    const sessionId = await admit(first);
    await Promise.all(asked.map(({ answer }) => answer));
    const { runId } = first.context.idempotency!;
    for (const { context } of asked.filter((one) => one !== first)) {
      expect(context.idempotency).toEqual({ key: 'k', runId, repeats: { sessionId } });
    }
  });

  it('refuses a key that was used with another body, admitted or not', async () => {
    const first = ask('k');
    await first.answer;
    const reused = { code: 'idempotency_key_reused' };
    await expect(ask('k', { body: { message: 'ho' } }).answer).rejects.toMatchObject(reused);
    await admit(first);
    await expect(ask('k', { body: { message: 'ho' } }).answer).rejects.toMatchObject(reused);
    await expect(ask('k', { body: null }).answer).rejects.toMatchObject(reused);
  });

  it('keeps users apart: the same key of another is another', async () => {
    const first = ask('k');
    await first.answer;
    const stranger = ask('k', { principal: await aUser(database.dataSource), body: { message: 'ho' } });
    expect(await stranger.answer).toBe(true);
    expect(stranger.context.idempotency!.repeats).toBeUndefined();
    expect(stranger.context.idempotency!.runId).not.toBe(first.context.idempotency!.runId);
  });

  it('gives a key on when the request that had it was refused', async () => {
    const first = ask('k');
    await first.answer;
    const second = ask('k');
    first.response.close();
    expect(await second.answer).toBe(true);
    expect(second.context.idempotency).toEqual({ key: 'k', runId: expect.any(String) });
    expect(second.context.idempotency!.runId).not.toBe(first.context.idempotency!.runId);
  });

  it('keeps the key of an admitted request when its response is over', async () => {
    const first = ask('k');
    await first.answer;
    const sessionId = await admit(first);
    const released = once(first.response, 'close');
    first.response.close();
    await released;
    const again = ask('k');
    await again.answer;
    expect(again.context.idempotency!.repeats).toEqual({ sessionId });
  });

  it('takes a key whose request was abandoned', async () => {
    const first = ask('k');
    await first.answer;
    const second = ask('k');
    await database.dataSource.query(
      `UPDATE idempotency_key SET claimed_until = now() - interval '1 second' WHERE user_id = $1`,
      [user.userId],
    );
    expect(await second.answer).toBe(true);
    expect(second.context.idempotency!.repeats).toBeUndefined();
    // The one that was slow frees nothing any more.
    first.response.close();
    await admit(second);
  });

  it('does not go on waiting for a caller that has left', async () => {
    await ask('k').answer;
    const second = ask('k');
    second.response.close();
    await expect(second.answer).rejects.toMatchObject({ code: 'dependency_unavailable' });
  });

  it('says in the log when a key could not be freed', async () => {
    const broken = new IdempotencyKeyRepository(database.dataSource);
    broken.release = () => Promise.reject(new Error('away'));
    guard = new IdempotencyGuard(new Reflector(), broken, log.logger, { next: v7 });
    const first = ask('k');
    await first.answer;
    first.response.close();
    await until(() => log.entries.length > 0);
    expect(log.events()).toEqual(['idempotency.not_released']);
  });
});
