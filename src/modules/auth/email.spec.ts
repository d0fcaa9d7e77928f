import { describe, expect, it } from '@jest/globals';
import { emailOf, isEmail, normaliseEmail } from './email.js';

describe(normaliseEmail.name, () => {
  it.each([
    ['  Ada@Example.COM ', 'ada@example.com'],
    ['JOSE\u0301@example.com', 'jos\u00e9@example.com'],
  ])('makes %j and its other spellings the same', (text, expected) => {
    expect(normaliseEmail(text)).toBe(expected);
    expect(normaliseEmail(expected)).toBe(expected);
  });
});

describe(emailOf.name, () => {
  it('finds the account that a body speaks of, whatever its spelling', () => {
    expect(emailOf({ email: ' Ada@Example.COM ', password: 'x' })).toBe('ada@example.com');
  });

  it.each([
    undefined,
    null,
    'ada@example.com',
    ['ada@example.com'],
    {},
    { email: null },
    { email: ['ada@example.com'] },
    { email: 'ada' },
    { email: `${'a'.repeat(10_000)}@example.com` },
  ])('finds none in %.60j', (body) => expect(emailOf(body)).toBeUndefined());
});

describe(isEmail.name, () => {
  it.each([
    'demo@perch.local',
    'a@b',
    "o'neil+tag@sub.example.co.uk",
    'josé@exämple.de',
    `${'a'.repeat(64)}@example.com`,
  ])('takes %s', (text) => expect(isEmail(text)).toBe(true));

  it.each([
    '',
    '@',
    'ada',
    'ada@',
    '@example.com',
    'ada@@example.com',
    'ada@example@com',
    'ada @example.com',
    'ada@exa mple.com',
    'ada@-example.com',
    'ada@example.com.',
    'ada@example..com',
    'ada\0@example.com',
    'ada\u200b@example.com',
    'ada\n@example.com',
    'a\ud800@example.com',
    '<ada@example.com>',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(300)}`,
  ])('refuses %j', (text) => expect(isEmail(text)).toBe(false));
});
