import { Pace } from './pace.js';

describe(Pace.name, () => {
  let nowMs: number;
  const pace = (random: number): Pace =>
    new Pace(
      () => nowMs,
      () => random,
    );
  beforeEach(() => (nowMs = 0));

  it('waits longer each time, up to a minute', () => {
    const slow = pace(1);
    const pauses = Array.from({ length: 9 }, () => slow.next());
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(pace(0).next()).toBe(750);
  });

  it('begins again after a quiet while, and when it is told to', () => {
    const slow = pace(1);
    slow.next();
    slow.next();
    nowMs = 121_000;
    expect(slow.next()).toBe(1_000);
    slow.next();
    slow.reset();
    expect(slow.next()).toBe(1_000);
  });
});
