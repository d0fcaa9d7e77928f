import { readFileSync } from 'node:fs';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import { quickJsWasm } from '../../../../src/modules/tools/builtin/run-code/quickjs-wasm.js';
import { runProgram } from '../../../../src/modules/tools/builtin/run-code/run-program.js';
import { boundedWasmMemory } from '../../../../src/modules/tools/sandbox/bounded-wasm-memory.js';
import { aRunCodeTool } from '../../../support/tools/a-run-code-tool.js';
import type { JsonValue } from '../../../../src/shared/llm/json.js';

/*
 * What hostile programs do to the sandbox: nothing, but end. Those from the list of attacks with what the list expects,
 * and our own. They run before the tests, which look at
 * how they ended.
 */

interface Ending {
  readonly result?: JsonValue;
  readonly logs?: string;
  readonly truncated?: boolean;
  readonly error?: string;
  readonly message?: string;
}
type Stop = 'timeout' | 'memory' | 'code_error';
/** An error, one of several, or the result. */
type Expected = Stop | readonly Stop[] | { readonly result: JsonValue };

const STOPPED = ['timeout', 'memory', 'code_error'] as const;

interface Snippet {
  readonly id: string;
  readonly cls: string;
  readonly code: string;
  readonly expect: string;
}
const SNIPPETS = readFileSync(
  new URL('../../../data/attacks/sandbox_snippets.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Snippet);

const OWN: Readonly<Record<string, Expected>> = {
  // The language's way to its host, were there one.
  '[].constructor.constructor("return process")()': 'code_error',
  'console.log.constructor("return this")() === globalThis': { result: true },
  'console.log.caller': 'code_error',
  'try { null.x } catch (e) { e.constructor.constructor("return typeof require + typeof process + typeof Buffer")() }':
    { result: 'undefinedundefinedundefined' },
  'await import("node:fs")': 'code_error',
  'await import("./run-program.js")': 'code_error',
  'eval("import(\'fs\')")': 'code_error',
  '(function () { return this })() === globalThis': { result: true },
  'Object.getOwnPropertyNames(globalThis).filter((n) => /process|require|fetch|WebAssembly|Worker|Deno|std|os|scriptArgs|print|load/.test(n))':
    { result: [] },
  'new Error().stack.includes("/")': { result: false },

  // Out of the frame that is put around a program with `return`.
  '})(); while(1){} (()=>{': 'timeout',
  'return 1})(); (()=>{ return 2': { result: 2 },
  'return 1}); (()=>{': { result: null },
  'return 5 //': { result: 5 },
  'return 5 /*': 'code_error',
  'return `': 'code_error',
  'return 5;\u2028//\u2029': { result: 5 },
  '*/ return 1 /*': 'code_error',
  'return\n5': { result: null },
  'a: { if (1) break a; return 1 } return 2': { result: 2 },
  '"use strict"; with ({}) {} return 1': 'code_error',
  'export default 1': 'code_error',
  arguments: 'code_error',

  // What the host would use afterwards, replaced.
  'JSON.stringify = () => "hacked"; ({ a: 1 })': { result: { a: 1 } },
  'Object.prototype.toJSON = () => "mine"; ({ a: 1 })': { result: 'mine' },
  'String.prototype.toJSON = () => "mine"; "text"': { result: 'text' },
  'for (const k of Reflect.ownKeys(globalThis)) try { delete globalThis[k] } catch {}; [1, { a: 2 }]': {
    result: [1, { a: 2 }],
  },
  'const JSON = 1, data = 2, console = 3, globalThis = 4; [JSON, data]': { result: [1, 2] },
  'Reflect.apply = String.prototype.slice = Array.from = null; "x".repeat(10)': { result: 'xxxxxxxxxx' },
  'Promise.prototype.then = () => { while (1); }; await 1': { result: 1 },
  'globalThis.Promise = null; await 1': { result: 1 },
  'Object.prototype.then = function () {}; 1': 'code_error',
  'Object.prototype.then = function (r) { r() }; 1': 'code_error',
  'Object.prototype.then = function (r) { r({}) }; 1': 'timeout',
  'Object.defineProperty(Object.prototype, "value", { get() { while (1); } }); 1': STOPPED,
  'Object.setPrototypeOf(Array.prototype, new Proxy({}, { get() { while (1); } })); [1]': 'timeout',
  'Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1 }; new Set([1])': STOPPED,
  'Object.defineProperty(Object.prototype, "0", { get() { return 5 }, set() { while (1); } }); 1': {
    result: 1,
  },
  'Object.defineProperty(Map, Symbol.hasInstance, { value() { while (1); } }); ({})': 'timeout',
  'Object.freeze(globalThis); Object.freeze(Object.prototype); ({ a: 1 })': { result: { a: 1 } },

  // Results and errors that do something when they are looked at.
  'new Proxy({}, { get() { while (1); }, ownKeys() { while (1); } })': 'timeout',
  'new Proxy([], { get: (t, k) => (k === "length" ? 2 ** 53 - 1 : 1) })': STOPPED,
  '({ get a() { while (1); } })': 'timeout',
  '({ get a() { throw 1 } })': 'code_error',
  '({ toJSON() { for (;;) this.a += "x".repeat(1000) } })': STOPPED,
  '({ valueOf() { while (1); }, [Symbol.toPrimitive]() { while (1); } })': { result: {} },
  'throw { get message() { while (1); } }': 'timeout',
  'throw new Proxy({}, { get() { throw 1 }, has() { throw 2 } })': 'code_error',
  'throw new Error("x".repeat(1e7))': 'code_error',
  'throw Object.assign(new Error("m"), { stack: "code.js:" + "9".repeat(400) })': 'code_error',
  'throw new InternalError("interrupted")': 'code_error',
  'throw Symbol("s")': 'code_error',
  'console.log({ toJSON() { while (1); } })': 'timeout',
  'const a = []; a.length = 2 ** 32 - 1; a': STOPPED,
  'let a = []; for (let i = 0; i < 1e4; i++) a = [a]; a': STOPPED,
  'const a = Array(20).fill(0); let b = a; for (let i = 0; i < 20; i++) b = Array(20).fill(b); b': STOPPED,

  // Time.
  'try { while (true) {} } catch { "caught" } finally { while (true) {} }': 'timeout',
  'for (;;) try { null.x } catch {} finally { continue }': 'timeout',
  'const f = () => { try { f() } finally { f() } }; f()': 'timeout',
  '(async () => { for (;;) await 0 })()': 'timeout',
  'for await (const x of (async function* () { for (;;) yield 1 })());': 'timeout',
  'const f = () => Promise.resolve().then(f).then(f); f()': STOPPED,
  'await { then(r) { r(this) } }': 'timeout',
  'Iterator.from({ next: () => ({ done: false }) }).toArray()': STOPPED,
  '/(x+x+)+y/.test("x".repeat(60))': 'timeout',
  '/^(([a-z])+.)+[A-Z]([a-z])+$/.test("a".repeat(60))': 'timeout',
  '"x".repeat(1e6).replace(/(x*)*y/g, "")': STOPPED,
  'eval("while (1);")': 'timeout',
  'new Function("for (;;);")()': 'timeout',
  'switch (1) { case (() => { while (1); })(): }': 'timeout',
  'class A { static { for (;;); } }': 'timeout',

  // Memory, and native code that looks at no clock.
  'new Array(1e9) + ""': 'timeout',
  'Array(1e8).join("abcdefgh")': STOPPED,
  'let a = []; a[2 ** 32 - 2] = 1; a.sort()': STOPPED,
  '[..."x".repeat(1e7)].length': STOPPED,
  '"ﷺ".repeat(2e6).normalize("NFKD").length': STOPPED,
  'new Array(2 ** 31).fill(0)': STOPPED,
  'const a = []; for (;;) a.push(new Uint8Array(1e6))': STOPPED,
  'const a = []; for (;;) a.push({})': STOPPED,
  'let s = "x"; for (;;) s += s + s': STOPPED,
  'new Uint8Array(2e9)': ['memory', 'code_error'],
  'new SharedArrayBuffer(2e9)': ['memory', 'code_error'],
  'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)': 'code_error',
  'function* g() { for (;;) yield {} }; [...g()]': STOPPED,
  'function* g() { yield* g() }; [...g()]': 'code_error',
  '2n ** (2n ** 40n)': STOPPED,
  'let n = 3n; for (;;) n *= n': STOPPED,
  'JSON.parse("[".repeat(1e6) + "]".repeat(1e6))': STOPPED,
  'let s = "[]"; for (let i = 0; i < 14; i++) s = "[" + Array(4).fill(s) + "]"; JSON.parse(s)': STOPPED,
  'eval("(".repeat(1e5))': STOPPED,
  'new RegExp("(".repeat(20000))': 'code_error',
  'const r = new FinalizationRegistry(() => { while (1); }); for (let i = 0; i < 1e4; i++) r.register({}, 1); 1':
    {
      result: 1,
    },
  'const w = new WeakRef({}); w.deref() ?? null': { result: null },

  // More than is kept.
  'for (;;) console.log("x".repeat(1000))': 'timeout',
  'JSON.parse(\'{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}\').constructor': {
    result: { prototype: { isAdmin: true } },
  },
};

/** Of our own, those that are deep in native code when their time is up: only the end of their thread stops them. */
const NATIVE =
  /1e9|\.join\(|\.sort\(|\[\.\.\."x"|normalize|fill\(0\)|finally \{ f|Uint8Array\(2e9|SharedArray|\*=|2n \*\*|1e5|RegExp|Array\(20\)/;

const LIMIT_MS = 750;
const { run, sandbox, log } = aRunCodeTool({ timeoutMs: LIMIT_MS });
const endings = new Map<string, Ending>();

/** By the whole tool. */
async function runInThreads(programs: readonly string[]): Promise<void> {
  const left = [...programs];
  const inTurn = async (): Promise<void> => {
    for (let code = left.shift(); code !== undefined; code = left.shift()) endings.set(code, await run(code));
  };
  await Promise.all([inTurn(), inTurn()]);
}

/** By the interpreter alone, without the time that a thread takes to start. */
async function runHere(programs: readonly string[]): Promise<void> {
  for (const code of programs) {
    const wasm = {
      wasmModule: await quickJsWasm(),
      wasmMemory: boundedWasmMemory(16, 80),
      log: () => undefined,
    };
    const quickJs = await newQuickJSWASMModuleFromVariant(
      newVariant(variant as unknown as QuickJSSyncVariant, wasm),
    );
    const outcome = runProgram(quickJs, { code, dataJson: '', timeoutMs: LIMIT_MS / 3, memoryMb: 64 });
    const { kind, ...rest } = outcome;
    endings.set(code, kind === 'done' ? rest : { error: kind === 'failed' ? 'code_error' : kind, ...rest });
  }
}

describe('run_code under attack', () => {
  beforeAll(async () => {
    process.env.SANDBOX_CANARY = 'canary-3141592653';
    const own = Object.keys(OWN);
    await runHere(own.filter((code) => !NATIVE.test(code)));
    await runInThreads([...SNIPPETS.map(({ code }) => code), ...own.filter((code) => NATIVE.test(code))]);
  }, 300_000);

  afterAll(async () => {
    delete process.env.SANDBOX_CANARY;
    await sandbox.onApplicationShutdown();
  });

  it.each(SNIPPETS)('$id: $code', ({ code, cls, expect: expected }) => {
    const { result, error, truncated } = endings.get(code)!;
    if (cls === 'allow') {
      expect(error).toBeUndefined();
      expect(result).toBe(Number.parseInt(expected, 10));
    } else if (cls === 'dos-out') {
      expect(truncated === true || STOPPED.some((known) => known === error)).toBe(true);
    } else if (cls.startsWith('dos')) {
      expect(STOPPED).toContain(error);
    } else if (cls === 'escape') {
      if (error !== undefined) expect(error).toBe('code_error');
      expect(JSON.stringify(result ?? null)).not.toMatch(/\/|node:|uid=|object Object/);
    }
  });

  it.each(Object.entries(OWN))('%s', (code, expected) => {
    const { result, error } = endings.get(code)!;
    if (typeof expected === 'string') expect(error).toBe(expected);
    else if (Array.isArray(expected)) expect(expected).toContain(error);
    else expect({ error, result }).toEqual({ error: undefined, ...expected });
  });

  it('tells nothing of the host, whatever is asked', () => {
    for (const ending of endings.values()) {
      expect(JSON.stringify(ending)).not.toMatch(/canary-|node_modules|file:|\.worker|prelude\.js|wasm|uid=/);
    }
  });

  it('returns no more than a tool may', () => {
    for (const ending of endings.values())
      expect(JSON.stringify(ending).length).toBeLessThanOrEqual(64 * 1024);
  });

  it('leaves the prototypes of the host alone', () => {
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('toJSON');
  });

  it('never counts as a failure of the tool itself', () => expect(log.entries).toEqual([]));

  it('keeps nothing between two calls', async () => {
    await run('globalThis.leak = 42; Object.prototype.leak = 42; Array.prototype.map = null; 1');
    expect(await run('[typeof leak, typeof {}.leak, typeof [].map]')).toEqual({
      result: ['undefined', 'undefined', 'function'],
    });
  });
});
