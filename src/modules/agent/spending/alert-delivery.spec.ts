import { MAX_ATTEMPTS, pauseAfter } from './alert-delivery.js';

const pauses = (random: () => number): number[] =>
  Array.from({ length: MAX_ATTEMPTS - 1 }, (_, index) => pauseAfter(index + 1, random));

describe(pauseAfter.name, () => {
  it('begins with seconds and ends with hours', () => {
    const longest = pauses(() => 1);
    expect(longest.slice(0, 4)).toEqual([5_000, 15_000, 45_000, 135_000]);
    expect(longest.at(-1)).toBe(3_600_000);
    const hours = longest.reduce((sum, pause) => sum + pause) / 3_600_000;
    expect(hours).toBeGreaterThan(5);
    expect(hours).toBeLessThan(8);
  });

  it('is a quarter shorter at most, so that many alerts do not come all at once again', () => {
    expect(pauses(() => 0)).toEqual(pauses(() => 1).map((pause) => Math.round(pause * 0.75)));
  });
});
