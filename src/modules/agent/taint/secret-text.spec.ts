import { SecretText } from './secret-text.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** Any 24 characters of it are there once. */
const LONG = Array.from({ length: 400 }, (_, at) => `${LETTERS[at % 26]}${at};`).join('');

describe(SecretText.name, () => {
  it('finds every piece of 24 characters, and none of 23', () => {
    const secret = new SecretText();
    secret.add('before');
    secret.add(LONG);
    for (let at = 0; at + 24 <= LONG.length; at += 1) {
      expect(secret.isTouchedBy([`~${LONG.slice(at, at + 24)}~`])).toBe(true);
      expect(secret.isTouchedBy([`~${LONG.slice(at, at + 23)}~`])).toBe(false);
    }
  });

  it('knows what is added after it was asked', () => {
    const secret = new SecretText();
    expect(secret.isTouchedBy([LONG])).toBe(false);
    secret.add(LONG);
    expect(secret.isTouchedBy([LONG.toUpperCase()])).toBe(true);
  });

  it('does not take the end of one text and the beginning of another for a piece', () => {
    const secret = new SecretText();
    secret.add(LONG.slice(0, 20));
    secret.add(LONG.slice(20, 40));
    expect(secret.isTouchedBy([LONG.slice(0, 40)])).toBe(false);
  });
});
