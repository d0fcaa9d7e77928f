import { aRunCodeTool } from '../../../../../test/support/tools/a-run-code-tool.js';
import type { JsonValue } from '../../../../shared/llm/json.js';

/** What it is, the program, its result, its data. */
const PROGRAMS: readonly (readonly [string, string, JsonValue, JsonValue?])[] = [
  ['arithmetic', '0.1 + 0.2', 0.30000000000000004],
  ['statements before the last expression', 'const x = 21; x * 2', 42],
  ['a return', 'const x = 21; return x * 2', 42],
  ['a return in the middle', 'for (const n of data) { if (n > 2) return n }\nreturn null', 3, [1, 2, 3]],
  ['top-level await', 'const a = await Promise.resolve(20); a + 1', 21],
  ['await and return', 'const a = await Promise.all([1, 2, 3]); return a.length', 3],
  [
    'an async function as the last expression',
    '(async () => { await null; return { ok: true } })()',
    { ok: true },
  ],
  [
    'an async generator',
    'async function* f() { yield 1; yield 2 }\nconst all = []; for await (const n of f()) all.push(n); all',
    [1, 2],
  ],
  ['an object literal in parentheses', '({ a: 1, b: [2] })', { a: 1, b: [2] }],
  ['work on data', 'data.prices.reduce((a, b) => a + b) / data.prices.length', 4, { prices: [2, 4, 6] }],
  ['data under its own name again', 'const data = [1, 2]; data.length', 2, 'other'],
  [
    'CSV',
    "data.split('\\n').slice(1).map((line) => line.split(',')).map(([name, n]) => ({ name, n: Number(n) }))",
    [
      { name: 'a', n: 1 },
      { name: 'b', n: 2 },
    ],
    'name,n\na,1\nb,2',
  ],
  [
    'regular expressions',
    '[...data.matchAll(/(?<year>\\d{4})-(\\d\\d)/g)].map((m) => m.groups.year)',
    ['2024', '2025'],
    '2024-01 2025-02',
  ],
  ['JSON in text', 'JSON.parse(data).a.b', 7, '{"a":{"b":7}}'],
  ['large integers', '2n ** 100n', '1267650600228229401496703205376'],
  ['numbers that JSON has no form for', '[NaN, -Infinity, 1/3]', ['NaN', '-Infinity', 1 / 3]],
  [
    'a Map and a Set',
    '({ map: new Map([["a", 1]]), set: new Set([1, 1, 2]) })',
    { map: [['a', 1]], set: [1, 2] },
  ],
  ['typed arrays', 'new Uint8Array([1, 2, 300])', [1, 2, 44]],
  [
    'dates',
    "new Date('2026-11-25T10:00:00Z').getTime() - new Date('2026-11-24T10:00:00Z').getTime()",
    86_400_000,
  ],
  ['a date as the result', 'new Date(0)', '1970-01-01T00:00:00.000Z'],
  [
    'classes and private members',
    'class Stack { #items = []; push(x) { this.#items.push(x); return this } get top() { return this.#items.at(-1) } }\nnew Stack().push(1).push(2).top',
    2,
  ],
  [
    'generators',
    'function* fib() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b] } }\nconst out = []; for (const n of fib()) { if (n > 50) break; out.push(n) } out',
    [0, 1, 1, 2, 3, 5, 8, 13, 21, 34],
  ],
  [
    'sorting and grouping',
    'Object.entries(Object.groupBy(data, (n) => (n % 2 ? "odd" : "even"))).sort()',
    [
      ['even', [2]],
      ['odd', [1, 3]],
    ],
    [1, 2, 3],
  ],
  ['recursion', 'const f = (n) => (n < 2 ? 1 : n * f(n - 1)); f(20)', 2432902008176640000],
  ['text in any script', '[..."héllo 👋🏽"].reverse().join("").length', 10],
  ['NUL in text', '"a\\u0000b".length + data.length', 6, 'a\u0000b'],
  [
    'sieve of 100 000',
    'const s = new Uint8Array(1e5).fill(1); for (let i = 2; i * i < 1e5; i++) if (s[i]) for (let j = i * i; j < 1e5; j += i) s[j] = 0; s.reduce((a, b) => a + b) - 2',
    9592,
  ],
  ['a comment at the end', 'return 5 // five', 5],
  ['a block comment at the end', '1 + 1 /* two */', 2],
  ['strict mode', '"use strict"; (function () { return this === undefined })()', true],
  ['nothing', 'const x = 1', null],
  ['only a comment', '// nothing to do', null],
  ['a function', '(x) => x', null],
  ['no data', 'typeof data', 'undefined'],
];

describe('run_code', () => {
  const { run, sandbox, log } = aRunCodeTool({ timeoutMs: 5_000 });

  afterAll(() => sandbox.onApplicationShutdown());
  afterEach(() => expect(log.entries).toEqual([]));

  it.each(PROGRAMS.map(([title, code, result, data]) => ({ title, code, result, data })))(
    'runs $title',
    async ({ code, result, data }) => {
      expect(await run(code, data)).toEqual({ result });
    },
  );

  it('returns what is printed', async () => {
    const code = 'console.log("a", 1, { b: [2] }, null, undefined); console.error(new TypeError("no")); 1';
    expect(await run(code)).toEqual({ result: 1, logs: 'a 1 {"b":[2]} null undefined\nTypeError: no\n' });
  });

  it.each([
    ['const a = ;', 'SyntaxError', 'line 1'],
    ['const a = 1;\nconst b = a.x.y;', 'TypeError', 'line 2'],
    ['const a = 1;\n\nreturn a.x.y;', 'TypeError', 'line 3'],
    ['throw new RangeError("mine")', 'RangeError: mine', 'line 1'],
    ['JSON.parse("{")', 'SyntaxError', 'property name'],
    ['await Promise.reject(new Error("later"))', 'Error: later', ''],
    ['throw "text"', 'Thrown: text', ''],
    ['throw { a: 1 }', '{"a":1}', ''],
    ['throw undefined', 'Thrown: undefined', ''],
    ['setTimeout(() => 1, 1)', 'ReferenceError', 'setTimeout'],
    ['require("fs")', 'ReferenceError', 'require'],
    ['import fs from "fs"', 'SyntaxError', ''],
    ['await new Promise(() => {})', 'NeverSettled', 'no timers'],
    ['const a = {}; a.a = a; a', 'TypeError', 'circular'],
  ])('tells the model what is wrong with %s', async (code, ...parts) => {
    const { error, message } = (await run(code)) as { error: string; message: string };
    expect(error).toBe('code_error');
    for (const part of parts) expect(message).toContain(part);
    expect(message).not.toMatch(/node_modules|\/src\/|file:|prelude/);
  });
});
