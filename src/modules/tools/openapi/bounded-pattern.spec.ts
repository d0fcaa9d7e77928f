import { boundedPattern } from './bounded-pattern.js';

const test = (pattern: string, text: string): boolean => boundedPattern(pattern, 'u').test(text);

describe('boundedPattern', () => {
  it.each([
    ['^[A-Z]{2}-\\d{3,6}$', 'AB-123', 'AB-12'],
    ['^(\\+\\d{1,3})?[0-9 ]+$', '+49 123', 'x'],
    ['^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', '00000000-0000-0000-0000-000000000000', '0'],
    ['^(?:a|b)c$', 'ac', 'cc'],
    ['^(?<year>\\d{4})$', '2026', '20'],
    ['^[(+*]$', '(', 'x'],
    ['^\\(\\)$', '()', '('],
  ])('tries %s', (pattern, good, bad) => {
    expect([test(pattern, good), test(pattern, bad)]).toEqual([true, false]);
  });

  it.each([
    '^(a+)+$',
    '^(a*)*$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^(a?){40}$',
    '^((a{1,9})b?){2,}$',
    '^(?:(?:a+)b)*$',
    '^(a)\\1+$',
    '^(?<x>a)\\k<x>$',
    `^${'a?'.repeat(40)}${'a'.repeat(40)}$`,
    `^${'(a|a)'.repeat(40)}$`,
  ])('leaves %s to the API, however long it would take', (pattern) => {
    expect(test(pattern, `${'a'.repeat(50)}!`)).toBe(true);
  });

  it.each(['^a*a*a*a*$', '\\s+$', '^.*x.*y.*z$', '^(a+)b(a+)c$'])(
    'does not try %s on a long text',
    (pattern) => {
      expect(test(pattern, `${'a '.repeat(100_000)}!`)).toBe(true);
      expect(test(pattern, '!')).toBe(false);
    },
  );
});
