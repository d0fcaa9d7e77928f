import { readFileSync } from 'node:fs';
import { anInternet } from '../../../../test/support/tools/a-public-site.js';
import { OutboundClient } from './outbound-client.js';
import { PUBLIC_INTERNET } from './network.js';
import { OutboundRefused } from './outbound-errors.js';
import { parsePublicUrl, parseRedirect, type PublicUrlRules } from './parse-public-url.js';

interface AttackUrl {
  readonly id: string;
  readonly url?: string;
  readonly expect: string;
}

const ATTACKS = readFileSync('test/data/attacks/ssrf_urls.jsonl', 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as AttackUrl);

const rules: PublicUrlRules = { ...PUBLIC_INTERNET, ownHosts: new Set(['perch.example.org']) };

const reasonOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof OutboundRefused) return error.reason;
    throw error;
  }
  return 'allowed';
};
const reason = (url: string): string => reasonOf(() => parsePublicUrl(url, rules));

describe('the list of URLs that get around guards', () => {
  const urls = ATTACKS.flatMap(({ id, url, expect: wanted }) =>
    url === undefined ? [] : [{ id, url, wanted }],
  );

  it('is there', () => {
    expect(urls.length).toBeGreaterThan(40);
  });

  it.each(urls)('$id $url: $wanted', async ({ url, wanted }) => {
    if (wanted === 'allow') return expect(reason(url)).toBe('allowed');
    // Names such as 127.0.0.1.nip.io say themselves where they lead; all others would lead to a public host.
    const internet = anInternet([]);
    const client = new OutboundClient(
      { publicConcurrency: 1, originConcurrency: 1, ownHosts: [] },
      {
        ...PUBLIC_INTERNET,
        resolve: async (host, signal) => {
          internet.asked.push(host);
          signal.throwIfAborted();
          return [/^(.*)\.nip\.io$/.exec(host)?.[1] ?? '93.184.216.34'];
        },
      },
    );
    await expect(
      client.request({
        url,
        target: { kind: 'public' },
        maxBytes: 10,
        timeoutMs: 2_000,
        signal: new AbortController().signal,
      }),
    ).rejects.toBeInstanceOf(OutboundRefused);
  });
});

describe(parsePublicUrl.name, () => {
  it.each([
    'https://example.com/',
    'http://example.com:80/a?b#c',
    'https://example.com:443/',
    'HTTPS://EXAMPLE.com./x',
    'https://sub_domain.example.com/',
    'https://münchen.de/straße?q=ü',
    'https://[2606:2800:220:1:248:1893:25c8:1946]/',
    'https://example.com/@user/%2F?u=http://127.0.0.1/',
  ])('allows %s', (url) => {
    expect(reason(url)).toBe('allowed');
  });

  it('leaves out the fragment', () => {
    expect(parsePublicUrl('https://example.com/a#b', rules).href).toBe('https://example.com/a');
  });

  it.each([
    '127.1',
    '127.0.0.1.',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7F000001',
    '2130706433',
    '017700000001',
    '0',
    '0.0.0.0',
    '0x0',
    '00000177.0.0.01',
    '127。0。0。1',
    '\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11',
    '①②⑦.⓪.⓪.①',
    '\uff10\uff58\uff17f.1',
    '127\uff61\uff10.0.1',
    '[::1]',
    '[::]',
    '[0000::0001]',
    '[::ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::1]',
    '[fe80::1]',
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '168.63.129.16',
    '100.100.100.200',
  ])('refuses %s by its address, however it is written', (host) => {
    expect(reason(`http://${host}/`)).toBe('address_forbidden');
    expect(reason(`https://${host}:443/latest/meta-data/`)).toBe('address_forbidden');
  });

  it.each([
    'localhost',
    'LOCALHOST.',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'a.localhost',
    'postgres',
    'redis.',
    'printer.local',
    'metadata.google.internal',
    'METADATA.google.INTERNAL.',
    'metadata.goog',
    'instance-data.ec2.internal',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'vault.service.consul',
    'router.lan',
    'nas.home.arpa',
    'wiki.corp',
    'a..b.com',
    'example.com..',
    'perch.example.org',
    'PERCH.example.org.',
  ])('refuses the name %s', (host) => {
    expect(['host_forbidden', 'invalid_url']).toContain(reason(`https://${host}/`));
  });

  it.each([
    ['scheme_forbidden', 'file:///etc/passwd'],
    ['scheme_forbidden', 'gopher://example.com/'],
    ['scheme_forbidden', 'javascript:alert(1)'],
    ['scheme_forbidden', 'ws://example.com/'],
    ['scheme_forbidden', 'view-source:https://example.com/'],
    ['port_forbidden', 'http://example.com:22/'],
    ['port_forbidden', 'http://example.com:0/'],
    ['port_forbidden', 'https://example.com:8443/'],
    ['credentials_forbidden', 'http://user:pass@example.com/'],
    ['credentials_forbidden', 'http://user@example.com/'],
    ['credentials_forbidden', 'http://@example.com/'],
    ['credentials_forbidden', 'http://:@example.com/'],
    ['credentials_forbidden', 'http://example.com@127.0.0.1/'],
    ['credentials_forbidden', 'http://127.0.0.1:80@example.com/'],
    ['invalid_url', 'http://example.com:80\\@127.0.0.1/'],
    ['invalid_url', 'http:\\\\example.com/'],
    ['invalid_url', 'http:example.com'],
    ['invalid_url', 'http:/example.com'],
    ['invalid_url', 'http:///example.com'],
    ['invalid_url', '//example.com/'],
    ['invalid_url', 'example.com'],
    ['invalid_url', ''],
    ['invalid_url', ' https://example.com/'],
    ['invalid_url', 'https://example.com/\r\nHost: 127.0.0.1'],
    ['invalid_url', 'https://exam\tple.com/'],
    ['invalid_url', 'https://example.com/\u0000'],
    ['invalid_url', 'https://exa\u200bmple.com/'],
    ['invalid_url', 'https://exa\u00admple.com/'],
    ['invalid_url', 'https://example.com/\u202egnp'],
    ['invalid_url', 'https://example.com%2f.127.0.0.1/'],
    ['invalid_url', 'https://%6c%6fcalhost/'],
    ['invalid_url', 'http://[fe80::1%25eth0]/'],
    ['invalid_url', 'http://[::1%lo]/'],
    ['invalid_url', 'http://[::1/'],
    ['invalid_url', 'http://256.256.256.256/'],
    ['invalid_url', 'https://example.com:99999/'],
    ['invalid_url', `https://example.com/${'a'.repeat(5_000)}`],
  ])('%s: %j', (wanted, url) => {
    expect(reason(url)).toBe(wanted);
  });

  it('takes no time over long hostile text', () => {
    const started = performance.now();
    for (const text of [`http://${'@'.repeat(1e6)}`, `http://${'a.'.repeat(5e5)}`, 'h'.repeat(1e6)]) {
      expect(reason(text)).toBe('invalid_url');
    }
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe(parseRedirect.name, () => {
  const from = new URL('https://example.com/a/b?c');

  it.each([
    ['d', 'https://example.com/a/d'],
    ['/d', 'https://example.com/d'],
    ['//example.net/d', 'https://example.net/d'],
    ['?e#f', 'https://example.com/a/b?e'],
    ['https://example.net/', 'https://example.net/'],
  ])('%s leads to %s', (location, to) => {
    expect(parseRedirect(from, location, rules).href).toBe(to);
  });

  it.each([
    ['downgrade_forbidden', 'http://example.com/'],
    ['address_forbidden', 'https://169.254.169.254/'],
    ['address_forbidden', '//2130706433/'],
    ['scheme_forbidden', 'file:///etc/passwd'],
    ['scheme_forbidden', 'data:text/html,x'],
    ['credentials_forbidden', 'https://a@example.com/'],
    ['credentials_forbidden', '//a:b@example.com/'],
    ['port_forbidden', 'https://example.com:6379/'],
    ['host_forbidden', '//localhost/'],
    ['invalid_url', '\\\\localhost\\'],
    ['invalid_url', 'https:/\t/127.0.0.1/'],
    ['invalid_url', 'https:example.com'],
  ])('%s: %j', (wanted, location) => {
    expect(reasonOf(() => parseRedirect(from, location, rules))).toBe(wanted);
  });
});
