import { describe, expect, it } from '@jest/globals';
import { isEmail, normaliseEmail } from './email.js';

describe(normaliseEmail.name, () => {
  it.each([
    ['  Ada@Example.COM ', 'ada@example.com'],
    ['JOSE\u0301@example.com', 'jos\u00e9@example.com'],
  ])('makes %j and its other spellings the same', (text, expected) => {
    expect(normaliseEmail(text)).toBe(expected);
    expect(normaliseEmail(expected)).toBe(expected);
  });
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
