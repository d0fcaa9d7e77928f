import { jest } from '@jest/globals';
import {
  MISBEHAVING,
  type Misbehaviour,
  SLOW_TO_LOAD,
} from '../../../../test/support/workers/misbehaviour.js';
import { runInWorker, startInWorker, type WorkerJob, WorkerJobError } from './run-in-worker.js';

function aJob(kind: Misbehaviour, overrides: Partial<WorkerJob> = {}): WorkerJob {
  return {
    script: MISBEHAVING,
    input: { kind },
    timeoutMs: 15_000,
    memoryMb: 32,
    signal: new AbortController().signal,
    ...overrides,
  };
}

describe(runInWorker.name, () => {
  it('resolves to what the script answers', async () => {
    const input = { kind: 'echo', data: [1, 'zwei', null, { drei: 3 }] };
    expect(await runInWorker(aJob('echo', { input }))).toEqual(input);
  });

  it('keeps what the process knows to itself', async () => {
    expect(await runInWorker(aJob('surroundings'))).toEqual({ env: {}, argv: [], execArgv: [] });
  });

  it('copies an answer as JSON: no prototype is touched', async () => {
    const input = { kind: 'echo', hostile: JSON.parse('{"__proto__":{"isAdmin":true}}') as unknown };
    await runInWorker(aJob('echo', { input }));
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it.each<[Misbehaviour, WorkerJobError['reason']]>([
    ['throws', 'crashed'],
    ['rejects later', 'crashed'],
    ['exits', 'crashed'],
    ['ends silently', 'crashed'],
    ['answers a cycle', 'crashed'],
    ['answers too much', 'too_large'],
  ])('a script that %s is %s', async (kind, reason) => {
    await expect(runInWorker(aJob(kind, { memoryMb: 256 }))).rejects.toMatchObject({
      name: 'WorkerJobError',
      reason,
    });
  });

  it('ends a script that fills its heap', async () => {
    await expect(runInWorker(aJob('fills its heap', { memoryMb: 16 }))).rejects.toMatchObject({
      reason: 'memory',
    });
  });

  it.each<Misbehaviour>(['loops for ever', 'waits'])(
    'ends a script that %s when its time is up',
    async (kind) => {
      await expect(runInWorker(aJob(kind, { timeoutMs: 100 }))).rejects.toMatchObject({ reason: 'timeout' });
    },
  );

  it('counts the time of a default export from when it is called, after all has been loaded', async () => {
    const job = { script: SLOW_TO_LOAD, timeoutMs: 300, loadLimitMs: 10_000 };
    expect(await runInWorker(aJob('echo', { ...job, input: { workMs: 0 } }))).toBe('worked for 0 ms');
    await expect(runInWorker(aJob('echo', { ...job, input: { workMs: 60_000 } }))).rejects.toMatchObject({
      reason: 'timeout',
    });
  });

  it('ends a script that does not finish loading', async () => {
    const job = { script: SLOW_TO_LOAD, timeoutMs: 50, loadLimitMs: 50, input: { workMs: 0 } };
    await expect(runInWorker(aJob('echo', job))).rejects.toMatchObject({ reason: 'busy' });
  });

  it('tells logs a bounded part of why a script crashed', async () => {
    const error: unknown = await runInWorker(aJob('throws')).catch((thrown: unknown) => thrown);
    expect((error as WorkerJobError).cause).toMatch(/^Error: broken/);
    expect(String((error as WorkerJobError).cause).length).toBeLessThanOrEqual(1_000);
  });

  it('hears only the first of a flood of answers', async () => {
    expect(await runInWorker(aJob('floods with answers'))).toEqual({ n: 0 });
  });

  it('prints nothing, however much the script does', async () => {
    const written = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write'));
    expect(await runInWorker(aJob('prints'))).toBe('printed');
    for (const spy of written) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  it('bounds the memory of WebAssembly that a script makes itself', async () => {
    const { megabytes } = (await runInWorker(aJob('fills a wasm memory'))) as { megabytes: number };
    expect(megabytes).toBeLessThanOrEqual(320);
    expect(megabytes).toBeGreaterThan(100);
  });

  it('ends the thread when its signal fires, and then only settles', async () => {
    const abort = new AbortController();
    const { answer, ended } = startInWorker(aJob('loops for ever', { signal: abort.signal }));
    abort.abort();
    await expect(answer).rejects.toMatchObject({ reason: 'cancelled' });
    await ended;
  });

  it('starts nothing for a signal that has fired', async () => {
    await expect(runInWorker(aJob('echo', { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      reason: 'cancelled',
    });
  });

  it('throws for an input that cannot be handed over', () => {
    expect(() => startInWorker(aJob('echo', { input: () => undefined }))).toThrow(/could not be cloned/);
  });
});
