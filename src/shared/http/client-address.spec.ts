import { clientAddress } from './client-address.js';

const of = (ip: string | undefined, remoteAddress?: string): string =>
  clientAddress({ ip, socket: { remoteAddress } });

describe(clientAddress.name, () => {
  it('is the IPv4 address', () => {
    expect(of('203.0.113.7')).toBe('203.0.113.7');
    expect(of('203.0.113.8')).not.toBe(of('203.0.113.7'));
  });

  it.each(['::ffff:203.0.113.7', '::FFFF:203.0.113.7', '::ffff:cb00:7107', '0:0:0:0:0:ffff:203.0.113.7'])(
    'takes %s for the IPv4 address that it is',
    (mapped) => expect(of(mapped)).toBe('203.0.113.7'),
  );

  it('is the same for all addresses of an IPv6 /64, however they are written, and another one beside it', () => {
    const network = of('2001:db8:1:2::1');
    for (const neighbour of [
      '2001:db8:1:2::2',
      '2001:DB8:1:2:ffff:ffff:ffff:ffff',
      '2001:0db8:0001:0002:0:0:0:1',
    ])
      expect(of(neighbour)).toBe(network);
    expect(of('2001:db8:1:3::1')).not.toBe(network);
    expect(of('fe80::1%eth0')).toBe(of('fe80::2'));
  });

  it('takes no notice of a port that a proxy wrote', () => {
    expect(of('203.0.113.7:4711')).toBe('203.0.113.7');
    expect(of('[2001:db8:1:2::1]:4711')).toBe(of('2001:db8:1:2::1'));
    expect(of('[2001:db8:1:2::1]')).toBe(of('2001:db8:1:2::1'));
  });

  it.each(['', 'unknown', '_hidden', 'localhost', '203.0.113.7, 198.51.100.1', '1.2.3', 'x'.repeat(10_000)])(
    'goes by the socket when a header has brought what is no address: %.20s',
    (text) => expect(of(text, '::ffff:198.51.100.1')).toBe('198.51.100.1'),
  );

  it('is still something when the socket has gone', () => {
    expect(of(undefined)).toBe('unknown');
  });
});
