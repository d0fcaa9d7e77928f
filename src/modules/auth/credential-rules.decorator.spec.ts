import { validateSync } from 'class-validator';
import { describe, expect, it } from '@jest/globals';
import { IsPassword } from './credential-rules.decorator.js';

class Body {
  @IsPassword()
  password: unknown;
}

function isAccepted(password: unknown): boolean {
  return validateSync(Object.assign(new Body(), { password })).length === 0;
}

describe(IsPassword.name, () => {
  it.each(['12345678', 'x'.repeat(256), '🔑'.repeat(8), '🔑'.repeat(256)])(
    'takes 8 to 256 characters: %s',
    (password) => {
      expect(isAccepted(password)).toBe(true);
    },
  );

  it.each([
    '1234567',
    '🔑'.repeat(7),
    'x'.repeat(257),
    '🔑'.repeat(257),
    'x'.repeat(1_000_000),
    '',
    undefined,
    12345678,
    ['12345678'],
  ])('refuses everything else', (password) => {
    expect(isAccepted(password)).toBe(false);
  });

  it('refuses what is no well-formed text, and variation selectors do not slip past the limit', () => {
    expect(isAccepted('1234567\ud800')).toBe(false);
    expect(isAccepted(`12345678${'\ufe0f'.repeat(249)}`)).toBe(false);
  });
});
