import { z } from 'zod';
import { aToolExecutor, type ToolExecutorParts } from '../../../test/support/tools/a-tool-executor.js';
import { EVERY_TOOL, type Permission, type Principal } from '../../shared/context/principal.js';
import { callHash } from './call-hash.js';
import { defineTool } from './define-tool.js';
import { type Tool, ToolUnavailableError } from './tool.js';
import type { ApprovalAnswer, ToolCaller } from './tool-caller.js';

const USER: Principal = {
  userId: 'u1',
  email: 'u@example.com',
  tier: 'free',
  roles: ['user'],
  permissions: new Set<Permission>(['tools:use']),
  limits: {},
  tools: EVERY_TOOL,
};

function aTool(overrides: Partial<Tool> = {}): Tool {
  return {
    ...defineTool({
      name: 'probe',
      description: 'For tests.',
      input: z.strictObject({ value: z.string().optional() }),
      sideEffect: 'read',
      isIdempotent: true,
      timeoutMs: 1_000,
      execute: () => ({ done: true }),
    }),
    ...overrides,
  };
}

function play(tool: Tool, parts: ToolExecutorParts = {}) {
  const all = aToolExecutor([tool], parts);
  const call = async (
    principal: Partial<Principal> = {},
    approval?: (hash: string) => Promise<ApprovalAnswer>,
    more: Partial<ToolCaller> = {},
  ) =>
    all.executor.execute(
      { toolName: 'probe', input: { value: 'x' }, toolCallId: 'c1', idempotencyKey: 'r:1' },
      {
        principal: { ...USER, ...principal },
        runId: 'r1',
        signal: new AbortController().signal,
        allowedTools: new Set(['probe']),
        ...(approval ? { approval } : {}),
        ...more,
      },
    );
  return { ...all, call };
}

const saying = (answer: ApprovalAnswer) => async () => answer;

describe('the policy of tools', () => {
  it.each([
    ['a tier below the one it is for', { probe: { min_tier: 'pro' } }, {}],
    ['a tier below that of its side effect', { '@read': { min_tier: 'basic' } }, {}],
    [
      'a tool that is switched off',
      { probe: { enabled: false } },
      { tools: { allowed: new Set(['probe']), denied: new Set() } },
    ],
    ['a tool that has to be granted', { probe: { access: 'granted' } }, {}],
    ['a tool that is denied', {}, { tools: { denied: new Set(['probe']) } }],
    [
      'a tool that is both granted and denied',
      {},
      { tools: { allowed: new Set(['probe']), denied: new Set(['probe']) } },
    ],
    [
      'a tool that is not among those granted',
      {},
      { tools: { allowed: new Set(['other']), denied: new Set() } },
    ],
    ['a user without the permission', {}, { permissions: new Set<Permission>() }],
  ] as const)('refuses %s, and says so in the trail', async (_what, rules, principal) => {
    const { call, trail } = play(aTool(), { rules });
    expect(await call(principal as Partial<Principal>)).toMatchObject({ code: 'forbidden' });
    expect(trail).toEqual([
      expect.objectContaining({
        actorId: 'u1',
        action: 'tool.refused',
        targetType: 'run',
        targetId: 'r1',
        details: expect.objectContaining({ tool_name: 'probe', reason: 'forbidden' }),
      }),
    ]);
  });

  it('refuses a tool that is not there for this caller, whoever has granted it', async () => {
    const { call } = play(aTool({ isFor: ({ hasMemory = false }) => hasMemory }));
    const granted = { tools: { allowed: new Set(['probe']), denied: new Set<string>() } };
    expect(await call(granted)).toMatchObject({ code: 'forbidden' });
    expect(await call({ ...granted, hasMemory: true })).toMatchObject({ status: 'ok' });
  });

  it('keeps a name that the model made up out of the trail', async () => {
    const { call, trail } = play(aTool({ name: 'other' }));
    expect(await call()).toMatchObject({ code: 'unknown_tool' });
    expect(trail).toEqual([
      expect.objectContaining({
        details: expect.objectContaining({ tool_name: 'unknown', reason: 'unknown_tool' }),
      }),
    ]);
  });

  it.each([
    ['a tier that is enough', { probe: { min_tier: 'basic' } }, { tier: 'pro' }],
    [
      'a grant, whatever the tier',
      { probe: { min_tier: 'pro' } },
      { tools: { allowed: new Set(['probe']), denied: new Set() } },
    ],
    [
      'a grant where one is needed',
      { probe: { access: 'granted' } },
      { tools: { allowed: new Set(['probe']), denied: new Set() } },
    ],
    [
      'a rule of its own before that of its side effect',
      { '@read': { enabled: false }, probe: { enabled: true } },
      {},
    ],
  ] as const)('allows %s', async (_what, rules, principal) => {
    const { call, trail } = play(aTool(), { rules });
    expect(await call(principal as Partial<Principal>)).toMatchObject({ status: 'ok' });
    expect(trail).toMatchObject([{ action: 'tool.allowed', details: { side_effect: 'read' } }]);
  });

  it('keeps the arguments out of the trail', async () => {
    const { call, trail } = play(aTool());
    await call();
    expect(trail[0]!.details).toMatchObject({ call_hash: callHash('u1', 'probe', { value: 'x' }) });
    expect(JSON.stringify(trail)).not.toContain('value');
  });

  it('executes nothing that cannot be written into the trail', async () => {
    let executed = 0;
    const { call } = play(aTool({ execute: async () => (executed += 1) }), {
      record: () => Promise.reject(new Error('the database is away')),
    });
    expect(await call()).toMatchObject({ code: 'unavailable' });
    expect(executed).toBe(0);
  });

  it('holds the calls of one user per minute, and of each user for themselves', async () => {
    let nowMs = 0;
    const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
    const { call } = play(aTool(), { rules: { probe: { calls_per_minute: 2 } }, clock });
    const codes = async (userId: string) => {
      const outcome = await call({ userId });
      return outcome.status === 'ok' ? 'ok' : outcome.code;
    };
    expect([await codes('a'), await codes('a'), await codes('a'), await codes('b')]).toEqual([
      'ok',
      'ok',
      'rate_limited',
      'ok',
    ]);
    nowMs = 60_000;
    expect(await codes('a')).toBe('ok');
  });
});

describe('approvals', () => {
  it.each([
    ['a tool that writes', aTool({ sideEffect: 'write' }), {}, true],
    ['a tool that reads', aTool(), {}, false],
    ['a tool that sends out', aTool({ sideEffect: 'egress' }), {}, false],
    ['a tool that reads and wants it', aTool({ approval: 'always' }), {}, true],
    ['a tool that writes and does not', aTool({ sideEffect: 'write', approval: 'never' }), {}, false],
    [
      'a tool that the operator wants it for',
      aTool({ approval: 'never' }),
      { probe: { approval: 'always' } },
      true,
    ],
    [
      'all that send out, if the operator says so',
      aTool({ sideEffect: 'egress' }),
      { '@egress': { approval: 'always' } },
      true,
    ],
    [
      'a tool that the operator trusts',
      aTool({ sideEffect: 'write' }),
      { probe: { approval: 'never' } },
      false,
    ],
  ] as const)('are asked for %s, or not', async (_what, tool, rules, isAsked) => {
    const { call, gate } = play(tool, { rules });
    const invocation = { toolName: 'probe', input: {}, toolCallId: 'c1', idempotencyKey: 'r:1' };
    const caller = {
      principal: USER,
      runId: 'r1',
      signal: new AbortController().signal,
      allowedTools: new Set(['probe']),
    };
    expect(gate.awaitsApproval(invocation, caller)).toBe(isAsked);
    expect(await call({}, saying({ decision: 'none' }))).toMatchObject(
      isAsked ? { code: 'approval_required' } : { status: 'ok' },
    );
  });

  it('are not asked for what is refused anyway', () => {
    const { gate } = play(aTool({ sideEffect: 'write' }), { rules: { probe: { enabled: false } } });
    const caller = {
      principal: USER,
      runId: 'r1',
      signal: new AbortController().signal,
      allowedTools: new Set(['probe']),
    };
    for (const toolName of ['probe', 'invented']) {
      const call = { toolName, input: {}, toolCallId: 'c1', idempotencyKey: 'r:1' };
      expect(gate.awaitsApproval(call, caller)).toBe(false);
    }
  });

  it('are for this user, this tool and these arguments', async () => {
    const hashes: string[] = [];
    const { call } = play(aTool({ sideEffect: 'write' }));
    await call({}, async (hash) => {
      hashes.push(hash);
      return { decision: 'approved' };
    });
    expect(hashes).toEqual([callHash('u1', 'probe', { value: 'x' })]);
    const others = [
      callHash('u2', 'probe', { value: 'x' }),
      callHash('u1', 'other', { value: 'x' }),
      callHash('u1', 'probe', { value: 'y' }),
      callHash('u1', 'probe', {}),
    ];
    expect(new Set([...hashes, ...others]).size).toBe(5);
  });

  it('let the model know what the user said', async () => {
    const { call, trail } = play(aTool({ sideEffect: 'write' }));
    expect(await call({}, saying({ decision: 'denied', reason: 'Not today.' }))).toMatchObject({
      code: 'approval_denied',
      message: expect.stringContaining('Not today.'),
    });
    expect(await call({}, saying({ decision: 'expired' }))).toMatchObject({ code: 'approval_expired' });
    expect(await call({}, saying({ decision: 'approved' }))).toMatchObject({ status: 'ok' });
    expect(trail.map(({ details }) => details)).toMatchObject([
      { reason: 'approval_denied' },
      { reason: 'approval_expired' },
      { approved_by: 'user' },
    ]);
  });

  it('are the caller’s own where a user calls the tool directly', async () => {
    const { call, trail } = play(aTool({ sideEffect: 'write' }));
    expect(await call()).toMatchObject({ status: 'ok' });
    expect(trail[0]!.details).toMatchObject({ approved_by: 'caller' });
  });
});

describe('a tool that is down', () => {
  const down = aTool({
    whenDown: 'The search is down; answer from what you know.',
    execute: () => Promise.reject(new ToolUnavailableError('upstream 503')),
  });

  it('is left alone after five failures, and tried again after a while', async () => {
    let nowMs = 0;
    let tries = 0;
    const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
    const { call } = play(
      aTool({
        execute: async () => {
          tries += 1;
          if (tries <= 5) throw new Error('crash');
          return 'well again';
        },
      }),
      { clock },
    );
    for (let i = 0; i < 5; i += 1) expect(await call()).toMatchObject({ code: 'tool_failed' });
    expect(await call()).toMatchObject({ code: 'tool_unavailable', kind: 'unavailable' });
    expect(tries).toBe(5);
    nowMs = 1_000;
    expect(await call()).toMatchObject({ status: 'ok', result: 'well again' });
  });

  it('has a text that the run goes on with', async () => {
    const { call } = play(down);
    for (let i = 0; i < 8; i += 1) {
      expect(await call()).toMatchObject({
        kind: 'unavailable',
        message: 'The search is down; answer from what you know.',
      });
    }
  });
});

describe('the places of a process', () => {
  it('are given to so many executions at once, in the order in which they came', async () => {
    let running = 0;
    let most = 0;
    const open: (() => void)[] = [];
    const { call } = play(
      aTool({
        execute: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise<void>((resolve) => open.push(resolve));
          running -= 1;
          return null;
        },
      }),
      { processConcurrency: 2 },
    );
    const outcomes = Promise.all(Array.from({ length: 6 }, () => call()));
    for (let ended = 0; ended < 6;) {
      await new Promise(setImmediate);
      const next = open.shift();
      if (next) {
        next();
        ended += 1;
      }
    }
    expect((await outcomes).every(({ status }) => status === 'ok')).toBe(true);
    expect(most).toBe(2);
  });

  it('have a bounded line behind them', async () => {
    const end = new AbortController();
    const { call } = play(aTool({ execute: () => new Promise(() => undefined), timeoutMs: 60_000 }), {
      processConcurrency: 1,
    });
    const outcomes = Array.from({ length: 40 }, () => call({}, undefined, { signal: end.signal }));
    const busy = (await Promise.all(outcomes.slice(17))).map(
      (outcome) => outcome.status === 'error' && outcome.code,
    );
    expect(new Set(busy)).toEqual(new Set(['busy']));
    end.abort();
    const rest = (await Promise.all(outcomes.slice(0, 17))).map(
      (outcome) => outcome.status === 'error' && outcome.code,
    );
    expect(new Set(rest)).toEqual(new Set(['cancelled']));
  });
});

describe('progress', () => {
  it('reaches whoever waits, at a bounded rate and size, and not after the end', async () => {
    let nowMs = 0;
    const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
    const told: string[] = [];
    let late: (message: string) => void = () => undefined;
    const { call } = play(
      aTool({
        execute: async (_input, { reportProgress }) => {
          late = reportProgress;
          for (let i = 0; i < 100; i += 1) {
            reportProgress(`line\n${i} ${'x'.repeat(1_000)}`);
            nowMs += 100;
          }
          return null;
        },
      }),
      { clock },
    );
    await call({}, undefined, { onProgress: (message) => told.push(message) });
    late('too late');
    expect(told).toHaveLength(20);
    expect(told[0]).toHaveLength(300);
    expect(told.every((message) => message.startsWith('line ') && !message.includes('\n'))).toBe(true);
  });
});
