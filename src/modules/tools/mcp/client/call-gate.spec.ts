import { CallGate } from './call-gate.js';

const never = new AbortController().signal;

/** Work that is done when it is told to. */
function work(): { readonly run: () => Promise<void>; readonly done: () => void; isRunning: boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const one = {
    isRunning: false,
    run: () => {
      one.isRunning = true;
      return promise;
    },
    done: resolve,
  };
  return one;
}

describe(CallGate.name, () => {
  it('lets the next one in when one is done, in the order in which they came', async () => {
    const gate = new CallGate(1);
    const [a, b, c] = [work(), work(), work()];
    const calls = [a, b, c].map((one) => gate.run(one.run, never));
    await Promise.resolve();
    expect([a.isRunning, b.isRunning, c.isRunning]).toEqual([true, false, false]);
    a.done();
    await calls[0];
    await Promise.resolve();
    expect([b.isRunning, c.isRunning]).toEqual([true, false]);
    b.done();
    c.done();
    await Promise.all(calls);
  });

  it('turns away whom it cannot let wait, and forgets who left', async () => {
    const gate = new CallGate(1);
    const first = work();
    const running = gate.run(first.run, never);
    const leave = new AbortController();
    const waiting = Array.from({ length: 8 }, (_, i) =>
      gate.run(async () => i, i === 0 ? leave.signal : never),
    );
    await expect(gate.run(async () => 'too many', never)).rejects.toMatchObject({ reason: 'busy' });
    leave.abort();
    await expect(waiting[0]).rejects.toMatchObject({ reason: 'cancelled' });
    first.done();
    await running;
    expect(await Promise.all(waiting.slice(1))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expect(gate.run(async () => 'x', AbortSignal.abort())).rejects.toMatchObject({
      reason: 'cancelled',
    });
    expect(await gate.run(async () => 'free', never)).toBe('free');
  });

  it('is free again after work that failed', async () => {
    const gate = new CallGate(1);
    await expect(gate.run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
    expect(await gate.run(async () => 'free', never)).toBe('free');
  });
});
