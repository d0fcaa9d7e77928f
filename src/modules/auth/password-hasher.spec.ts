import { describe, expect, it } from '@jest/globals';
import { PasswordHasher } from './password-hasher.js';

describe(PasswordHasher.name, () => {
  const passwords = new PasswordHasher();

  it("hashes with Argon2id at OWASP's cost, each time with another salt", async () => {
    const [one, two] = await Promise.all([passwords.hash('secret word'), passwords.hash('secret word')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    expect(one).not.toBe(two);
  });

  it('knows the right password from a wrong one', async () => {
    const hash = await passwords.hash('secret word');
    expect(await passwords.verify(hash, 'secret word')).toBe(true);
    expect(await passwords.verify(hash, 'secret  word')).toBe(false);
    expect(await passwords.verify(hash, '')).toBe(false);
  });

  it('takes the same characters in another encoding for the same password', async () => {
    expect(await passwords.verify(await passwords.hash('caf\u00e9-\ufb01ve'), 'cafe\u0301-five')).toBe(true);
  });

  it('is never content with an account that does not exist, even given the decoy', async () => {
    expect(await passwords.verify(undefined, 'secret word')).toBe(false);
    expect(await passwords.verify(undefined, 'an account that does not exist')).toBe(false);
  });
});
