import { randomBytes } from 'node:crypto';
import { seal, unseal } from './sealed-text.js';

const key = randomBytes(32);

describe(seal.name, () => {
  it('opens with its key, for whom it was sealed', () => {
    const sealed = seal('töken', key, 'user server');
    expect(unseal(sealed, key, 'user server')).toBe('töken');
    expect(sealed.toString('latin1')).not.toContain('ken');
  });

  it('opens for nobody else, with no other key, and not when it was changed', () => {
    const sealed = seal('token', key, 'user server');
    expect(unseal(sealed, key, 'another server')).toBeUndefined();
    expect(unseal(sealed, randomBytes(32), 'user server')).toBeUndefined();
    for (const at of [0, 13, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(unseal(changed, key, 'user server')).toBeUndefined();
    }
    expect(unseal(Buffer.alloc(5), key, 'user server')).toBeUndefined();
  });

  it('looks different each time', () => {
    expect(seal('token', key, 'a')).not.toEqual(seal('token', key, 'a'));
  });
});
