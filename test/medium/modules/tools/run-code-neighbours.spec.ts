import { monitorEventLoopDelay } from 'node:perf_hooks';
import { aRunCodeTool } from '../../../support/tools/a-run-code-tool.js';
import { until } from '../../../support/until.js';

/** Each takes all the time or memory that it may, or has much to say. */
const HOSTILE = [
  'for (;;);',
  'new Array(1e9) + ""',
  'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))',
  'const a = []; for (;;) a.push({ a })',
  '"x".repeat(5e6).split("")',
  'for (;;) console.log("x".repeat(1000))',
  'Array(5e5).fill("y").join("") ',
  '(async () => { for (;;) await 0 })()',
  '/(x+x+)+y/.test("x".repeat(60))',
  'Array.from({ length: 1e5 }, (_, i) => ({ i }))',
];

describe('what others feel of hostile programs', () => {
  const { run, sandbox } = aRunCodeTool({ timeoutMs: 500 });

  afterAll(() => sandbox.onApplicationShutdown());

  async function attack(): Promise<number> {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const calls = [...HOSTILE, ...HOSTILE].map((code, index) =>
      run(code, undefined, { userId: `user-${index % 4}` }),
    );
    await Promise.all(calls);
    delay.disable();
    return delay.percentile(99) / 1e6;
  }

  it('is no wait for the event loop, and no memory that stays', async () => {
    await run('1');
    const rssBefore = process.memoryUsage.rss();
    let p99Ms = Infinity;
    // The machine may have other things to do than this test: what the sandbox costs shows in the quietest round.
    for (let round = 0; round < 3 && p99Ms >= 100; round += 1) p99Ms = Math.min(p99Ms, await attack());
    expect(p99Ms).toBeLessThan(100);
    await until(() => sandbox.threadCount === 0);
    await until(() => process.memoryUsage.rss() < rssBefore * 1.2, 15_000);
  }, 120_000);
});
