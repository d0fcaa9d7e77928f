import { isPublicAddress } from './public-address.js';

describe(isPublicAddress.name, () => {
  it.each([
    '8.8.8.8',
    '93.184.216.34',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '2606:2800:220:1:248:1893:25c8:1946',
    '2001:4860:4860::8888',
    '2a00:1450:4001:81b::200e',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ['loopback', ['127.0.0.1', '127.1.2.3', '127.255.255.255', '::1']],
    ['this network', ['0.0.0.0', '0.1.2.3', '::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fd00:ec2::254']],
    ['link local', ['169.254.169.254', '169.254.170.2', 'fe80::1', 'febf::1', 'fec0::1']],
    ['shared with carriers', ['100.64.0.1', '100.100.100.200', '100.127.255.255']],
    ['special IETF and platform', ['192.0.0.192', '192.0.0.8', '192.88.99.1', '168.63.129.16']],
    ['documentation', ['192.0.2.1', '198.51.100.7', '203.0.113.9', '2001:db8::1', '3fff::1']],
    ['benchmarks', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['multicast and reserved', ['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', 'ff02::1']],
    ['IPv4 in IPv6: mapped', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8']],
    ['IPv4 in IPv6: compatible', ['::7f00:1', '::127.0.0.1']],
    ['IPv4 in IPv6: translated', ['::ffff:0:7f00:1', '64:ff9b::7f00:1', '64:ff9b:1::7f00:1']],
    ['IPv4 in IPv6: tunnels', ['2002:7f00:1::', '2001:0:7f00:1::', '2606:2800:220:1:0:5efe:7f00:1']],
    ['IPv6 outside of what is given out', ['100::1', '4000::1', '5f00::1', '2001:10::1', '2001:20::1']],
    ['a zone', ['fe80::1%eth0', '2606:2800:220:1::1%1']],
    ['no address', ['', 'localhost', '127.1', '0177.0.0.1', '0x7f.1', '2130706433', '8.8.8.8 ', '[::1]']],
  ])('not public: %s', (_, addresses) => {
    for (const address of addresses) expect([address, isPublicAddress(address)]).toEqual([address, false]);
  });
});
