import { Slots } from './slots.js';

const NEVER = new AbortController().signal;

describe(Slots.name, () => {
  it('gives a place that comes back to who has waited longest', async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    const enter = async (name: string): Promise<void> => {
      const release = await slots.acquire(NEVER);
      order.push(name);
      release!();
    };
    const held = await slots.acquire(NEVER);
    const waiting = [enter('first'), enter('second')];
    await Promise.resolve();
    expect(order).toEqual([]);
    held!();
    await Promise.all(waiting);
    expect(order).toEqual(['first', 'second']);
  });

  it('takes a place back once, however often it is given back', async () => {
    const slots = new Slots(1);
    const held = await slots.acquire(NEVER);
    held!();
    held!();
    expect(await slots.acquire(NEVER, 1)).toBeDefined();
    expect(await slots.acquire(NEVER, 1)).toBeUndefined();
  });

  it('sends away whoever comes when the line is full', async () => {
    const slots = new Slots(1, 1);
    const held = await slots.acquire(NEVER);
    const waiting = slots.acquire(NEVER);
    expect(await slots.acquire(NEVER)).toBeUndefined();
    held!();
    expect(await waiting).toBeDefined();
  });

  it('lets who leaves the line, and who comes with a signal that has fired, take no place', async () => {
    const slots = new Slots(1);
    expect(await slots.acquire(AbortSignal.abort())).toBeUndefined();
    const held = await slots.acquire(NEVER);
    const leaving = new AbortController();
    const waiting = slots.acquire(leaving.signal);
    leaving.abort();
    expect(await waiting).toBeUndefined();
    held!();
    expect(await slots.acquire(NEVER, 1)).toBeDefined();
  });
});
