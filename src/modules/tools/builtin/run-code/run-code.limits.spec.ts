import { aRunCodeTool } from '../../../../../test/support/tools/a-run-code-tool.js';
import type { JsonValue } from '../../../../shared/llm/json.js';
import { until } from '../../../../../test/support/until.js';
import { toBoundedJson } from '../../bounded-json.js';

describe('the limits of run_code', () => {
  const { run, tool, sandbox } = aRunCodeTool({ timeoutMs: 5_000 });

  afterAll(() => sandbox.onApplicationShutdown());

  it.each([
    ['a long text', '"x".repeat(70_000)'],
    ['a long list', 'Array(40_000).fill(1)'],
    ['text that JSON escapes', '"\\u0001".repeat(30_000)'],
    ['text of several bytes a letter', '"é".repeat(40_000)'],
    ['much printed and returned', 'console.log("\\u0001".repeat(16_000)); "é".repeat(40_000)'],
  ])('cuts %s so that it passes as the result of a tool', async (_, code) => {
    const output = await run(code);
    expect(output).toMatchObject({ truncated: true });
    expect(toBoundedJson(output)).toEqual(output);
    expect(Buffer.byteLength(JSON.stringify(output))).toBeGreaterThan(32_000);
  });

  it('cuts what is printed and says so', async () => {
    const output = (await run('for (let i = 0; i < 1000; i++) console.log("x".repeat(100)); 1')) as {
      logs: string;
    };
    expect(output).toMatchObject({ result: 1, truncated: true });
    expect(output.logs.length).toBeLessThanOrEqual(16 * 1024);
    expect(output.logs.length).toBeGreaterThan(16_000);
  });

  it('hands over what JSON can carry: NUL, lone surrogates, __proto__', async () => {
    const output = (await run(
      'console.log("a\\0b"); data',
      JSON.parse('{"__proto__":[1],"a":"\\u0000"}') as JsonValue,
    )) as {
      result: object;
      logs: string;
    };
    expect(JSON.stringify(output.result)).toBe('{"__proto__":[1],"a":"\\u0000"}');
    expect(output.logs).toBe('a\0b\n');
    expect((await run('"\\ud800"')) as { result: string }).toEqual({ result: '\ud800' });
  });

  it('tells errors as text that can be stored', async () => {
    expect(await run('throw new Error("a\\0b\\ud800" + "x".repeat(5000))')).toEqual({
      error: 'code_error',
      message: expect.stringMatching(/^Error: ab\ufffdx{996} \(line 1\)$/),
    });
  });

  it('takes code and data up to its limits, and no more', async () => {
    expect(await run(`/*${'x'.repeat(19_980)}*/ 7`)).toEqual({ result: 7 });
    expect(tool.parseInput({ code: 'x'.repeat(20_001) }).ok).toBe(false);
    expect(await run('data.length', 'é'.repeat(131_000))).toEqual({ result: 131_000 });
    expect(await run('data.length', 'é'.repeat(132_000))).toMatchObject({ error: 'too_large' });
  });

  it('refuses data that is nested too deep', async () => {
    let deep: JsonValue = [];
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(await run('1', deep)).toMatchObject({ error: 'too_large' });
  });

  it('refuses what is no program', () => {
    for (const input of [{}, { code: '' }, { code: 1 }, { code: '1', timeout: 5 }]) {
      expect(tool.parseInput(input as JsonValue).ok).toBe(false);
    }
  });

  it('ends its thread when nobody waits for it any more', async () => {
    const abort = new AbortController();
    const running = run('for (;;);', undefined, { signal: abort.signal });
    const reason = new Error('cancelled by the caller');
    setImmediate(() => abort.abort(reason));
    await expect(running).rejects.toBe(reason);
  });

  it('does fifty calls at once, two at a time', async () => {
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, sandbox.threadCount)), 1);
    const outputs = await Promise.all(
      Array.from({ length: 50 }, (_, index) => run('data * 2', index, { userId: `user-${index % 10}` })),
    );
    clearInterval(watch);
    expect(most).toBe(2);
    const answered = outputs.filter((output, index) => 'result' in output && output.result === index * 2);
    const refused = outputs.filter((output) => 'error' in output && output.error === 'busy');
    expect(answered.length + refused.length).toBe(50);
    // On a machine that does other things as well, some have waited too long.
    expect(answered.length).toBeGreaterThanOrEqual(10);
    await until(() => sandbox.threadCount <= 1);
  });
});
