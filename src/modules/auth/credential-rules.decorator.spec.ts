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
  it.each(['123456789012', 'x'.repeat(128), '🔑'.repeat(12), '🔑'.repeat(128)])(
    'takes 12 to 128 characters: %s',
    (password) => {
      expect(isAccepted(password)).toBe(true);
    },
  );

  it.each([
    '12345678901',
    '🔑'.repeat(11),
    'x'.repeat(129),
    '🔑'.repeat(129),
    'x'.repeat(1_000_000),
    '',
    undefined,
    123456789012,
    ['123456789012'],
  ])('refuses everything else', (password) => {
    expect(isAccepted(password)).toBe(false);
  });

  it('refuses what is no well-formed text, and variation selectors do not slip past the limit', () => {
    expect(isAccepted('12345678901\ud800')).toBe(false);
    expect(isAccepted(`123456789012${'\ufe0f'.repeat(117)}`)).toBe(false);
  });
});
