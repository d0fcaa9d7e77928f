import { toTitle } from './to-title.js';

describe(toTitle.name, () => {
  it.each([
    ['"Invoice questions"', 'Invoice questions'],
    ['\n\n**Invoice questions.**\nAnd an explanation', 'Invoice questions'],
    ['# Title: Rechnung für Mai', 'Rechnung für Mai'],
    ['„Rechnung“', 'Rechnung'],
    ['two\u0000words\u202e', 'two words'],
    ['x'.repeat(200), 'x'.repeat(80)],
    ['""', ''],
    [' \n ', ''],
  ])('makes one short line of %j', (answer, title) => {
    expect(toTitle(answer)).toBe(title);
  });
});
