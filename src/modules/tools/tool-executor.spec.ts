import { z } from 'zod';
import { aToolExecutor } from '../../../test/support/tools/a-tool-executor.js';
import type { ToolRules } from '../../config/tool-rules.schema.js';
import { jest } from '@jest/globals';
import type { PinoLogger } from 'nestjs-pino';
import type { Permission, Principal } from '../../shared/context/principal.js';
import type { AgentMetrics } from '../observability/index.js';
import { defineTool } from './define-tool.js';
import { type Tool, ToolError } from './tool.js';
import { ToolExecutor } from './tool-executor.js';

const PRINCIPAL: Principal = {
  userId: 'u1',
  email: 'u@example.com',
  tier: 'free',
  roles: ['user'],
  permissions: new Set<Permission>(['tools:use']),
  limits: {},
  tools: { denied: new Set() },
};

function aTool(execute: (signal: AbortSignal) => unknown, overrides: Partial<Tool> = {}): Tool {
  return {
    ...defineTool({
      name: 'probe',
      description: 'For tests.',
      input: z.strictObject({ value: z.number().optional() }),
      sideEffect: 'read',
      isIdempotent: true,
      timeoutMs: 1_000,
      execute: (_input, { signal }) => execute(signal) as Promise<null>,
    }),
    ...overrides,
  };
}

describe(ToolExecutor.name, () => {
  const logged: Record<string, unknown>[] = [];
  const recorded: unknown[] = [];
  const logger = {
    info: (line: Record<string, unknown>) => logged.push(line),
    error: (line: Record<string, unknown>) => logged.push(line),
  } as unknown as PinoLogger;
  const metrics = { recordTool: (tool: unknown) => recorded.push(tool) } as unknown as AgentMetrics;
  beforeEach(() => {
    logged.length = 0;
    recorded.length = 0;
  });
  afterEach(() => jest.useRealTimers());

  function execute(
    tool: Tool,
    input: unknown = {},
    options: {
      signal?: AbortSignal;
      name?: string;
      allowed?: string[];
      principal?: Principal;
      rules?: ToolRules;
    } = {},
  ) {
    const { executor } = aToolExecutor([tool], { logger, metrics, rules: options.rules ?? {} });
    return executor.execute(
      { toolName: options.name ?? 'probe', input: input as null, toolCallId: 'c1', idempotencyKey: 'r:1' },
      {
        principal: options.principal ?? PRINCIPAL,
        runId: 'r1',
        signal: options.signal ?? new AbortController().signal,
        allowedTools: new Set(options.allowed ?? ['probe']),
      },
    );
  }

  it('executes a valid call and says how long it took', async () => {
    expect(await execute(aTool(() => ({ ok: true })))).toEqual({
      status: 'ok',
      result: { ok: true },
      durationMs: expect.any(Number),
    });
    expect(logged).toEqual([
      expect.objectContaining({
        event: 'agent.tool.execution',
        tool_name: 'probe',
        status: 'ok',
        run_id: 'r1',
        user_id: 'u1',
        tool_call_id: 'c1',
      }),
    ]);
  });

  it('logs the names of parameters that the tool has, no others and no values', async () => {
    await execute(
      aTool(() => null),
      { value: 41, 'what a user said': 1 },
    );
    expect(logged).toMatchObject([{ status: 'invalid_input', parameters: ['value'] }]);
    expect(JSON.stringify(logged)).not.toMatch(/41|what a user said/);
  });

  it.each([
    ['an unknown tool', { name: 'nothing' }, {}, 'unknown_tool'],
    ['a tool the agent does not have', { allowed: [] }, {}, 'forbidden'],
    [
      'a caller without the permission',
      { principal: { ...PRINCIPAL, permissions: new Set<Permission>() } },
      {},
      'forbidden',
    ],
    ['a wrong type', {}, { value: 'x' }, 'invalid_input'],
    ['an unknown parameter', {}, { other: 1 }, 'invalid_input'],
    ['__proto__', {}, JSON.parse('{"__proto__":{"a":1}}'), 'invalid_input'],
    ['a list', {}, [1], 'invalid_input'],
    ['null', {}, null, 'invalid_input'],
  ])('refuses %s without executing it', async (_what, options, input, code) => {
    const work = jest.fn();
    expect(await execute(aTool(work), input, options)).toMatchObject({ status: 'error', code });
    expect(work).not.toHaveBeenCalled();
  });

  it('ends a tool that hangs at its deadline, and its signal fires', async () => {
    let seen: AbortSignal | undefined;
    const outcome = await execute(aTool((signal) => new Promise(() => (seen = signal)), { timeoutMs: 20 }));
    expect(outcome).toMatchObject({ status: 'error', kind: 'timeout' });
    expect(seen!.aborted).toBe(true);
  });

  it('ends a tool when its run ends', async () => {
    const run = new AbortController();
    const outcome = execute(
      aTool(() => new Promise(() => run.abort(new Error('cancelled')))),
      {},
      { signal: run.signal },
    );
    expect(await outcome).toMatchObject({ status: 'error', kind: 'cancelled' });
  });

  it('starts nothing after the end of the run', async () => {
    const work = jest.fn();
    expect(await execute(aTool(work), {}, { signal: AbortSignal.abort() })).toMatchObject({
      kind: 'cancelled',
    });
    expect(work).not.toHaveBeenCalled();
  });

  it('tells the model what the tool says, and nothing of a crash', async () => {
    const said = await execute(
      aTool(() => Promise.reject(new ToolError('no_such_row', 'There is no such row.'))),
    );
    expect(said).toMatchObject({ kind: 'tool_error', code: 'no_such_row', message: 'There is no such row.' });
    const crashed = await execute(aTool(() => Promise.reject(new Error('postgres://u:hunter2@db failed'))));
    expect(crashed).toMatchObject({ kind: 'tool_failed', message: 'The tool failed.' });
    expect(JSON.stringify(crashed)).not.toContain('hunter2');
  });

  it('ignores what a tool does after its deadline', async () => {
    let fail: (error: Error) => void = () => undefined;
    const outcome = await execute(
      aTool(() => new Promise((_, reject) => (fail = reject)), { timeoutMs: 10 }),
    );
    fail(new Error('too late'));
    await new Promise(setImmediate);
    expect(outcome).toMatchObject({ kind: 'timeout' });
  });

  it('cuts what is too large, cleans what cannot be stored, and refuses what is no JSON', async () => {
    const large = await execute(aTool(() => ({ text: 'x'.repeat(50_000_000) })));
    expect(JSON.stringify(large).length).toBeLessThan(66_000);
    expect(large).toMatchObject({ status: 'ok', result: { truncated: true } });
    expect(await execute(aTool(() => ({ 'a\u0000': 'b\u0000c\ud800' })))).toMatchObject({
      result: { a: 'bc\ufffd' },
    });
    expect(await execute(aTool(() => 10n))).toMatchObject({ kind: 'tool_failed' });
    expect(await execute(aTool(() => undefined))).toMatchObject({ kind: 'tool_failed' });
  });

  it('counts under the names of tools that exist, never under what a model made up', async () => {
    await execute(
      aTool(() => 1),
      {},
      { name: 'invented-name-4711' },
    );
    expect(recorded).toEqual([expect.objectContaining({ toolName: 'unknown', status: 'unknown_tool' })]);
    expect(JSON.stringify(logged)).not.toContain('4711');
  });
});
