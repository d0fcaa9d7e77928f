import fc from 'fast-check';
import { AppError } from '../errors/app-error.js';
import { scanJson } from './scan-json.js';

/** What the scan says of a text, in one word. */
function verdict(text: string): string {
  try {
    scanJson(text);
    return 'taken';
  } catch (error) {
    if (error instanceof AppError && error.code === 'malformed_json') return error.detail;
    throw error;
  }
}

const nested = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"k${index}":${index}`).join(',')}}`;
const withoutPrototypes = (value: unknown): boolean => !/__proto__|prototype/.test(JSON.stringify(value));

describe(scanJson.name, () => {
  it('takes every JSON value within the limits, however it is written', () => {
    const json = fc
      .jsonValue({ depthSize: 'medium', maxDepth: 30, noUnicodeString: false })
      .filter(withoutPrototypes);
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
        expect(verdict(JSON.stringify(value, undefined, indent))).toBe('taken');
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing but malformed_json, whatever the text', () => {
    const rubbish = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', ' ') }),
    );
    fc.assert(
      fc.property(rubbish, (text) => void verdict(text)),
      { numRuns: 1_000 },
    );
  });

  it('finds a repeated member wherever JSON.parse would silently keep one of the two', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'a"', '\\', 'ä', ' a', '{', ','), { maxLength: 5 });
    fc.assert(
      fc.property(keys, (names) => {
        const text = `[{"x":"{\\"a\\":1,"},{${names.map((name) => `${JSON.stringify(name)}:[{"a":0}]`).join(',')}}]`;
        const kept = Object.keys((JSON.parse(text) as [unknown, object])[1]).length;
        expect(verdict(text) === 'taken').toBe(kept === names.length);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['nesting of 32', nested(32)],
    ['10,000 members', members(10_000)],
    ['the same name in two objects', '[{"a":1},{"a":2,"b":{"a":3}}]'],
    ['the same text as name and value', '{"a":"a","b":["a","a"]}'],
    ['brackets and quotes within texts', '{"a":"{[\\"}],{","b":"\\\\"}'],
    ['a constructor without a prototype', '{"constructor":{"name":"x"}}'],
    ['a prototype without a constructor', '{"prototype":{"constructor":1}}'],
    ['a prototype in a list within a constructor', '{"constructor":[{"prototype":1}]}'],
    ['__proto__ as a value', '{"a":"__proto__"}'],
  ])('takes %s', (_what, text) => {
    JSON.parse(text);
    expect(verdict(text)).toBe('taken');
  });

  it.each([
    ['nesting of 33 or more', nested(34), /deeper than 32/],
    ['nesting without an end', '['.repeat(1_000_000), /deeper than 32/],
    ['10,001 members', members(10_001), /more than 10000 keys/],
    ['a member twice', '{"a":1,"b":2,"a":3}', /key twice/],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}', /key twice/],
    ['a member twice around an object', '{"a":{"b":1},"a":2}', /key twice/],
    ['a member twice in a list', '[1,{"a":[],"a":2}]', /key twice/],
    ['__proto__', '{"a":[{"__proto__":{}}]}', /not allowed/],
    ['__proto__, escaped', '{"\\u005f_proto__":1}', /not allowed/],
    ['a prototype in a constructor', '{"a":1,"constructor":{"b":1,"prototype":{}}}', /not allowed/],
  ])('refuses %s', (_what, text, reason) => {
    expect(verdict(text)).toMatch(reason);
  });

  it('takes time in proportion to the length', () => {
    // Each would make a scan hang that looks back for every quote, bracket or backslash.
    for (const text of [
      '"'.repeat(2_000_000),
      `"${'\\"'.repeat(1_000_000)}`,
      '{},'.repeat(700_000),
      ','.repeat(2_000_000),
    ])
      verdict(text);
  }, 2_000);
});
