import { randomBytes } from 'node:crypto';
import { toAuditClient } from './audit-client.js';

const KEY = randomBytes(32);

describe(toAuditClient.name, () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2::', '2001:db8:1::/48'],
    ['::1', '::/48'],
  ])('keeps of %s the network %s, and not the address', (address, network) => {
    const client = toAuditClient(address, KEY);
    expect(client).toEqual({ network, addressHash: expect.stringMatching(/^[\w-]{22}$/) });
    if (address !== '::1') expect(JSON.stringify(client)).not.toContain(address);
  });

  it('knows an address again under the same key alone', () => {
    const hash = (address: string, key = KEY): string => toAuditClient(address, key)!.addressHash;
    expect(hash('203.0.113.77')).toBe(hash('203.0.113.77'));
    expect(hash('203.0.113.77')).not.toBe(hash('203.0.113.78'));
    expect(hash('203.0.113.77')).not.toBe(hash('203.0.113.77', randomBytes(32)));
  });

  it('says nothing of what is no address', () => {
    expect(toAuditClient('unknown', KEY)).toBeNull();
  });
});
