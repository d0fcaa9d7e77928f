import { isInRollout } from './rollout.js';

const USERS = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
const share = (percent: number, prompt = 'p'): string[] =>
  USERS.filter((user) => isInRollout(user, prompt, { percent }));

describe(isInRollout.name, () => {
  it.each([1, 10, 50, 99])('holds for about %i percent of the users', (percent) => {
    expect(Math.abs(share(percent).length / USERS.length - percent / 100)).toBeLessThan(0.03);
  });

  it('holds for the same users every time, and for those of a smaller share too', () => {
    const ten = share(10);
    expect(share(10)).toEqual(ten);
    expect(share(30)).toEqual(expect.arrayContaining(ten));
  });

  it('holds for other users with another prompt', () => {
    const [here, there] = [share(50), new Set(share(50, 'q'))];
    const both = here.filter((user) => there.has(user)).length;
    expect(Math.abs(both / USERS.length - 0.25)).toBeLessThan(0.05);
  });
});
