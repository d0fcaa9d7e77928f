import { jest } from '@jest/globals';
import { KeptLog } from '../../../../test/support/a-logger.js';
import { until } from '../../../../test/support/until.js';
import { MISBEHAVING, type Misbehaviour } from '../../../../test/support/workers/misbehaviour.js';
import type { ToolsConfig } from '../../../config/app-config.js';
import { type ComputeJob, ComputeSandbox } from './compute-sandbox.js';

function aJob(kind: Misbehaviour, overrides: Partial<ComputeJob> = {}): ComputeJob {
  return {
    owner: 'somebody',
    script: MISBEHAVING,
    input: { kind },
    timeoutMs: 20_000,
    memoryMb: 32,
    signal: new AbortController().signal,
    ...overrides,
  };
}

describe(ComputeSandbox.name, () => {
  let log: KeptLog;
  let sandbox: ComputeSandbox;

  beforeEach(() => {
    log = new KeptLog();
    sandbox = new ComputeSandbox({ computeConcurrency: 1 } as ToolsConfig, log.logger);
  });

  afterEach(async () => {
    jest.useRealTimers();
    await sandbox.onApplicationShutdown();
  });

  /** A job that has the only place until it is told to leave. */
  function occupy(owner = 'somebody'): { readonly leave: () => void; readonly done: Promise<unknown> } {
    const abort = new AbortController();
    const done = sandbox.run(aJob('loops for ever', { owner, signal: abort.signal })).catch(() => undefined);
    return { leave: () => abort.abort(), done };
  }

  it('gives a place to the next one once the thread before is gone', async () => {
    const first = occupy();
    const second = sandbox.run(aJob('echo'));
    await until(() => sandbox.threadCount === 1);
    first.leave();
    expect(await second).toEqual({ kind: 'echo' });
    await until(() => sandbox.threadCount === 0);
  });

  it('lets those go first who have less at work, and each in the order of asking', async () => {
    sandbox = new ComputeSandbox({ computeConcurrency: 2 } as ToolsConfig, log.logger);
    const order: string[] = [];
    const ask = (owner: string, name: string): Promise<unknown> =>
      sandbox.run(aJob('echo', { owner })).then(() => order.push(name));
    const [a, b] = [occupy('greedy'), occupy('greedy')];
    const asked = [
      ask('greedy', 'greedy 1'),
      ask('greedy', 'greedy 2'),
      ask('other', 'other 1'),
      ask('other', 'other 2'),
    ];
    a.leave();
    await Promise.all(asked);
    b.leave();
    expect(order).toEqual(['other 1', 'other 2', 'greedy 1', 'greedy 2']);
  });

  it('takes turns: many jobs of one owner delay another one by a single job', async () => {
    const order: string[] = [];
    const ask = (owner: string): Promise<unknown> =>
      sandbox.run(aJob('echo', { owner })).then(() => order.push(owner));
    const first = occupy('greedy');
    const asked = ['greedy', 'greedy', 'greedy', 'other', 'third'].map(ask);
    first.leave();
    await Promise.all(asked);
    expect(order).toEqual(['other', 'third', 'greedy', 'greedy', 'greedy']);
  });

  it('is busy for one owner whose line is full, and not for another', async () => {
    const first = occupy();
    const waiting = Array.from({ length: 16 }, () => sandbox.run(aJob('echo')).catch(() => undefined));
    await expect(sandbox.run(aJob('echo'))).rejects.toMatchObject({ reason: 'busy' });
    const other = sandbox.run(aJob('echo', { owner: 'other' }));
    first.leave();
    expect(await other).toEqual({ kind: 'echo' });
    await sandbox.onApplicationShutdown();
    await Promise.all(waiting);
  });

  it('is busy for everybody when the whole line is full', async () => {
    occupy();
    const waiting = Array.from({ length: 64 }, (_, n) =>
      sandbox.run(aJob('echo', { owner: `owner-${n}` })).catch(() => undefined),
    );
    await expect(sandbox.run(aJob('echo', { owner: 'late' }))).rejects.toMatchObject({ reason: 'busy' });
    await sandbox.onApplicationShutdown();
    await Promise.all(waiting);
  });

  it('is busy for who has waited too long', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    occupy();
    const late = sandbox.run(aJob('echo'));
    jest.advanceTimersByTime(10_000);
    await expect(late).rejects.toMatchObject({ reason: 'busy' });
  });

  it('leaves the line when its signal fires', async () => {
    const first = occupy();
    const abort = new AbortController();
    const waiting = sandbox.run(aJob('echo', { signal: abort.signal }));
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ reason: 'cancelled' });
    first.leave();
    expect(await sandbox.run(aJob('echo'))).toEqual({ kind: 'echo' });
  });

  it('ends all threads and the line at shutdown, and starts no more', async () => {
    const ended = [sandbox.run(aJob('loops for ever')), sandbox.run(aJob('echo'))].map((job) =>
      job.catch((error: unknown) => error),
    );
    await until(() => sandbox.threadCount === 1);
    await sandbox.onApplicationShutdown();
    expect(sandbox.threadCount).toBe(0);
    for (const error of await Promise.all(ended)) expect(error).toMatchObject({ reason: 'cancelled' });
    await expect(sandbox.run(aJob('echo'))).rejects.toMatchObject({ reason: 'cancelled' });
  });

  it('keeps no place for a job that could not start', async () => {
    await expect(sandbox.run(aJob('echo', { input: () => undefined }))).rejects.toThrow(
      /could not be cloned/,
    );
    expect(await sandbox.run(aJob('echo'))).toEqual({ kind: 'echo' });
  });

  it('logs why a script crashed', async () => {
    await expect(sandbox.run(aJob('throws'))).rejects.toMatchObject({ reason: 'crashed' });
    expect(log.entries).toMatchObject([
      {
        event: 'tools.compute.crashed',
        script: 'misbehaving.worker.js',
        detail: expect.stringMatching(/^Error: broken/),
      },
    ]);
  });
});
