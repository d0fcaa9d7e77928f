import {
  A_MODEL,
  calls,
  FakeModelClient,
  finish,
  says,
  type ScriptedCall,
  usage,
} from '../../../../test/support/agent/fake-model-client.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import type { StepEvent } from './run-events.js';
import {
  type ModelCallRecord,
  type ModelStepRecord,
  RunFencedError,
  type RunJournal,
  type ToolResultRecord,
} from './run-journal.js';
import { type LoopEnd, RunAborted, runLoop } from './run-loop.js';

const LIMITS = { maxSteps: 6, maxToolCallsPerStep: 4, toolConcurrency: 2, maxRepeatedCalls: 3 };

/** Remembers what was written, and in which order relative to the tools. */
class MemoryJournal implements RunJournal {
  readonly steps: ModelStepRecord[] = [];
  readonly results: ToolResultRecord[][] = [];
  readonly single: ToolResultRecord[] = [];

  constructor(private readonly trace: string[]) {}

  async commitModelStep(record: ModelStepRecord): Promise<void> {
    this.steps.push(record);
    this.trace.push(`journal step ${record.step}`);
  }

  async recordToolResult(record: ToolResultRecord): Promise<void> {
    this.single.push(record);
  }

  async commitToolResults(records: readonly ToolResultRecord[]): Promise<void> {
    this.results.push([...records]);
    this.trace.push('journal results');
  }
}

interface Played {
  readonly events: StepEvent[];
  readonly end: LoopEnd;
  readonly journal: MemoryJournal;
  readonly models: FakeModelClient;
  readonly executed: ToolCall[];
  readonly modelCalls: ModelCallRecord[];
  readonly trace: string[];
}

async function play(
  script: readonly ScriptedCall[],
  options: {
    execute?: (call: ToolCall, signal: AbortSignal) => Promise<ToolResult>;
    limits?: Partial<typeof LIMITS>;
    onEvent?: (event: StepEvent, controller: AbortController) => void;
    models?: FakeModelClient;
    journal?: MemoryJournal;
  } = {},
): Promise<Played> {
  const trace: string[] = [];
  const journal = options.journal ?? new MemoryJournal(trace);
  const models = options.models ?? new FakeModelClient(script);
  const executed: ToolCall[] = [];
  const modelCalls: ModelCallRecord[] = [];
  const controller = new AbortController();
  let id = 0;
  const loop = runLoop(
    {
      model: A_MODEL,
      system: 'Be brief.',
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
      tools: [{ name: 'echo', description: 'Echoes.', inputSchema: { type: 'object' } }],
      maxOutputTokens: 100,
      temperature: 0.5,
      limits: { ...LIMITS, ...options.limits },
    },
    {
      models,
      journal,
      executeTool: (call) => {
        executed.push(call);
        trace.push(`execute ${call.toolCallId}`);
        return options.execute?.(call, controller.signal) ?? Promise.resolve(ok(call));
      },
      onModelCall: (call) => modelCalls.push(call),
      clock: { now: () => new Date('2026-11-24T09:00:00Z'), monotonicMs: () => 0 },
      ids: { next: () => `id-${(id += 1)}` },
    },
    controller.signal,
  );
  const events: StepEvent[] = [];
  for (;;) {
    const next = await loop.next();
    if (next.done) return { events, end: next.value, journal, models, executed, modelCalls, trace };
    events.push(next.value);
    options.onEvent?.(next.value, controller);
  }
}

function ok(call: ToolCall): ToolResult {
  return {
    toolCallId: call.toolCallId,
    toolName: call.toolName,
    result: { echo: call.input },
    isError: false,
    durationMs: 1,
  };
}

function failed(call: ToolCall, code: string): ToolResult {
  return { ...ok(call), result: { error: { code, message: 'no' } }, isError: true };
}

/** Every tool call of every assistant message is answered by exactly one result, in the same order. */
function expectPaired(messages: readonly Message[]): void {
  messages.forEach((message, index) => {
    if (message.role !== 'assistant') return;
    const asked = message.parts.filter((part) => part.type === 'tool-call').map((part) => part.toolCallId);
    const next = messages[index + 1];
    const answered = next?.role === 'tool' ? next.parts.map((part) => part.toolCallId) : [];
    if (asked.length > 0) expect(answered).toEqual(asked);
  });
}

describe(runLoop.name, () => {
  it('ends with the answer of a model that asks for nothing', async () => {
    const { events, end, journal } = await play([says('Hello.')]);
    expect(events.map((event) => event.type)).toEqual(['step-start', 'text-delta', 'step-end']);
    expect(end).toMatchObject({
      stopReason: 'finished',
      finishReason: 'stop',
      content: 'Hello.',
      messageId: 'id-1',
    });
    expect(journal.steps).toHaveLength(1);
    expect(journal.steps[0]).toMatchObject({ isComplete: true, intents: [] });
  });

  it('gives tool results back to the model and goes on', async () => {
    const { events, end, models } = await play([calls(['echo', { a: 1 }]), says('Done.')]);
    expect(events.map((event) => event.type)).toEqual([
      'step-start',
      'tool-call',
      'tool-result',
      'step-end',
      'step-start',
      'text-delta',
      'step-end',
    ]);
    expect(end).toMatchObject({ stopReason: 'finished', content: 'Done.' });
    expect(models.requests[1]!.messages.map((message) => message.role)).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
    expectPaired(models.requests[1]!.messages);
  });

  it('journals the intent before it dispatches the tool', async () => {
    const { trace } = await play([calls(['echo', { a: 1 }]), says('Done.')]);
    expect(trace).toEqual(['journal step 1', 'execute call_1', 'journal results', 'journal step 2']);
  });

  it('keeps results in the order of the calls, whichever is ready first', async () => {
    const waiting = new Map<string, () => void>();
    const { events, executed } = await play([calls(['echo', 1], ['echo', 2], ['echo', 3]), says('Done.')], {
      execute: async (call) => {
        if (call.toolCallId === 'call_1')
          await new Promise<void>((resolve) => waiting.set('call_1', resolve));
        if (call.toolCallId === 'call_3') waiting.get('call_1')!();
        return ok(call);
      },
    });
    const results = events.flatMap((event) =>
      event.type === 'tool-result' ? [event.result.toolCallId] : [],
    );
    expect(results).toEqual(['call_1', 'call_2', 'call_3']);
    expect(executed).toHaveLength(3);
  });

  it('runs no more tools at once than allowed', async () => {
    let running = 0;
    let most = 0;
    await play([calls(['echo', 1], ['echo', 2], ['echo', 3], ['echo', 4]), says('Done.')], {
      execute: async (call) => {
        most = Math.max(most, (running += 1));
        await new Promise(setImmediate);
        running -= 1;
        return ok(call);
      },
    });
    expect(most).toBe(2);
  });

  it('executes only so many calls of one step and answers the others as refused', async () => {
    const fifty = Array.from({ length: 50 }, (_, index) => ['echo', { index }] as const);
    const { executed, models, journal } = await play([calls(...fifty), says('Done.')]);
    expect(executed).toHaveLength(LIMITS.maxToolCallsPerStep);
    expect(journal.results[0]).toHaveLength(50);
    expect(journal.results[0]![49]!.result).toMatchObject({
      isError: true,
      result: { error: { code: 'too_many_tool_calls' } },
    });
    expectPaired(models.requests[1]!.messages);
  });

  it('never executes a call whose arguments are no JSON, and ends when the model does it twice', async () => {
    const broken: ScriptedCall = {
      events: [
        {
          type: 'tool-call',
          call: { toolCallId: 'call_1', toolName: 'echo', input: null, invalidInput: '{"a":' },
        },
        finish('tool_calls'),
      ],
    };
    const { executed, end, journal, models } = await play([broken, broken, says('never')]);
    expect(executed).toEqual([]);
    expect(models.requests).toHaveLength(2);
    expect(end).toMatchObject({ stopReason: 'tool_args_invalid' });
    expect(journal.results).toHaveLength(2);
  });

  it.each(['unknown_tool', 'invalid_input'])(
    'ends when the model is told %s twice in a row',
    async (code) => {
      const { end, models } = await play([calls(['echo', 1]), calls(['echo', 2]), says('never')], {
        execute: (call) => Promise.resolve(failed(call, code)),
      });
      expect(end.stopReason).toBe('tool_args_invalid');
      expect(models.requests).toHaveLength(2);
    },
  );

  it('lets the model correct itself after one mistake', async () => {
    let first = true;
    const { end } = await play([calls(['echo', 1]), calls(['echo', 2]), calls(['echo', 3]), says('Done.')], {
      execute: (call) => {
        const result = first ? failed(call, 'invalid_input') : ok(call);
        first = false;
        return Promise.resolve(result);
      },
    });
    expect(end.stopReason).toBe('finished');
  });

  it('goes on after a tool that fails: the failure is data for the model', async () => {
    const { end } = await play(
      [calls(['echo', 1]), calls(['echo', 2]), calls(['echo', 3]), says('Without it, then.')],
      {
        execute: (call) => Promise.resolve(failed(call, 'tool_failed')),
      },
    );
    expect(end).toMatchObject({ stopReason: 'finished', content: 'Without it, then.' });
  });

  it('ends a model that makes the same call over and over, whatever the order of the members', async () => {
    const { end, executed, journal } = await play([
      calls(['echo', { a: 1, b: 2 }]),
      calls(['echo', { b: 2, a: 1 }]),
      calls(['echo', { a: 1, b: 2 }]),
      calls(['echo', { a: 1, b: 2 }]),
      says('never'),
    ]);
    expect(end.stopReason).toBe('repeated_calls');
    expect(executed).toHaveLength(3);
    expect(journal.results[3]![0]!.result.result).toMatchObject({ error: { code: 'not_executed' } });
  });

  it('has a step limit', async () => {
    const script = Array.from({ length: 10 }, (_, index) => calls(['echo', index]));
    const { end, models, executed } = await play(script, { limits: { maxSteps: 3 } });
    expect(end.stopReason).toBe('max_steps');
    expect(models.requests).toHaveLength(3);
    expect(executed).toHaveLength(2);
  });

  it('keeps a partial answer, counts it, and reports what broke it', async () => {
    const reset = new Error('reset');
    const { end, journal, modelCalls } = await play([
      { events: [{ type: 'start' }, { type: 'text-delta', delta: 'Once upon' }], error: reset },
    ]);
    expect(end).toMatchObject({
      stopReason: 'error',
      finishReason: 'error',
      content: 'Once upon',
      error: reset,
    });
    expect(journal.steps[0]).toMatchObject({
      isComplete: false,
      message: { role: 'assistant', parts: [{ type: 'text', text: 'Once upon' }] },
    });
    expect(modelCalls).toEqual([
      expect.objectContaining({ usage: expect.objectContaining({ source: 'estimated' }) }),
    ]);
  });

  it('keeps the vendor’s own count of the prompt when the answer breaks off', async () => {
    const { modelCalls } = await play([
      {
        events: [
          { type: 'start', usage: usage(321, 1) },
          { type: 'text-delta', delta: 'Hm' },
        ],
        error: new Error('reset'),
      },
    ]);
    expect(modelCalls[0]!.usage).toEqual({
      inputTokens: { total: 321 },
      outputTokens: { total: 2 },
      source: 'estimated',
    });
  });

  it('owes nothing for a call that the provider never accepted', async () => {
    const { end, modelCalls, journal } = await play([{ events: [], error: new Error('503') }]);
    expect(end.stopReason).toBe('error');
    expect(modelCalls).toEqual([]);
    expect(journal.steps[0]).toMatchObject({ message: undefined, modelCall: undefined });
  });

  it('counts usage itself when the vendor reports none', async () => {
    const { modelCalls } = await play([
      {
        events: [
          { type: 'text-delta', delta: 'four' },
          { type: 'finish', finishReason: 'stop' },
        ],
      },
    ]);
    expect(modelCalls[0]).toMatchObject({
      usage: { outputTokens: { total: 4 }, source: 'estimated' },
      cost: 15_000_000n,
    });
  });

  it('does not execute the calls of an answer that broke off', async () => {
    const { executed, journal } = await play([
      {
        events: [
          { type: 'text-delta', delta: 'Let me see' },
          { type: 'tool-call', call: { toolCallId: 'call_1', toolName: 'echo', input: {} } },
        ],
        error: new Error('reset'),
      },
    ]);
    expect(executed).toEqual([]);
    expect(journal.steps[0]!.message!.parts).toEqual([{ type: 'text', text: 'Let me see' }]);
  });

  it('stops at once when it is aborted within a model call', async () => {
    const { end, journal } = await play([{ events: [{ type: 'text-delta', delta: 'Well' }], hangs: true }], {
      onEvent: (event, controller) => {
        if (event.type === 'text-delta') controller.abort(new RunAborted('cancelled', 'the client left'));
      },
    });
    expect(end).toMatchObject({ stopReason: 'cancelled', content: 'Well' });
    expect(journal.steps[0]!.isComplete).toBe(false);
  });

  it('calls no model after an abort during the tools, and still answers every call', async () => {
    const { end, models, journal } = await play([calls(['echo', 1], ['echo', 2]), says('never')], {
      execute: (call) => Promise.resolve(failed(call, 'cancelled')),
      onEvent: (event, controller) => {
        if (event.type === 'tool-call') controller.abort(new RunAborted('timeout', 'deadline'));
      },
    });
    expect(end.stopReason).toBe('timeout');
    expect(models.requests).toHaveLength(1);
    expect(journal.steps).toHaveLength(1);
  });

  it('gives calls that share an id, or have none, ids of their own', async () => {
    const same: ScriptedCall = {
      events: [
        { type: 'tool-call', call: { toolCallId: 'x', toolName: 'echo', input: 1 } },
        { type: 'tool-call', call: { toolCallId: 'x', toolName: 'echo', input: 2 } },
        { type: 'tool-call', call: { toolCallId: '', toolName: 'echo', input: 3 } },
        finish('tool_calls'),
      ],
    };
    const { models } = await play([same, says('Done.')]);
    const results = models.requests[1]!.messages.at(-1)!;
    const ids = results.role === 'tool' ? results.parts.map((part) => part.toolCallId) : [];
    expect(new Set(ids).size).toBe(3);
    expectPaired(models.requests[1]!.messages);
  });

  it('executes nothing of an answer that was filtered', async () => {
    const { end, executed } = await play([
      {
        events: [
          { type: 'tool-call', call: { toolCallId: 'call_1', toolName: 'echo', input: {} } },
          finish('content_filter'),
        ],
      },
    ]);
    expect(executed).toEqual([]);
    expect(end).toMatchObject({ stopReason: 'finished', finishReason: 'content_filter' });
  });

  it('does not believe a vendor that counts nothing for an answer that is there', async () => {
    const { modelCalls } = await play([
      { events: [{ type: 'text-delta', delta: 'four' }, finish('stop', usage(50, 0))] },
    ]);
    expect(modelCalls[0]!.usage).toEqual({
      inputTokens: { total: 50 },
      outputTokens: { total: 4 },
      source: 'estimated',
    });
  });

  it('executes nothing of an answer that was cut at its length', async () => {
    const { end, executed, journal } = await play([
      {
        events: [
          { type: 'tool-call', call: { toolCallId: 'call_1', toolName: 'echo', input: {} } },
          finish('length'),
        ],
      },
    ]);
    expect(executed).toEqual([]);
    expect(end).toMatchObject({ stopReason: 'finished', finishReason: 'length' });
    expect(journal.results[0]).toHaveLength(1);
  });

  it('passes a finish reason that is no success on as it is', async () => {
    const { end } = await play([
      { events: [{ type: 'text-delta', delta: 'I must' }, finish('content_filter')] },
    ]);
    expect(end).toMatchObject({ stopReason: 'finished', finishReason: 'content_filter', content: 'I must' });
  });

  it('streams reasoning, keeps the vendor’s own part for the next turn, and what has no proof for reading only', async () => {
    const proven = { type: 'reasoning' as const, text: 'Hm, yes.', provider: 'anthropic', signature: 'sig' };
    const { events, journal } = await play([
      {
        events: [
          { type: 'reasoning-delta', delta: 'Hm, ' },
          { type: 'reasoning-delta', delta: 'yes.' },
          { type: 'reasoning', part: proven },
          { type: 'text-delta', delta: 'Well' },
          { type: 'reasoning-delta', delta: 'unsigned' },
          { type: 'text-delta', delta: '.' },
          finish('stop'),
        ],
      },
    ]);
    expect(events.filter(({ type }) => type === 'reasoning-delta')).toHaveLength(3);
    expect(journal.steps[0]!.message!.parts).toEqual([
      proven,
      { type: 'text', text: 'Well' },
      { type: 'reasoning', text: 'unsigned' },
      { type: 'text', text: '.' },
    ]);
  });

  it('names and charges the fallback that served, not the model that was asked for', async () => {
    const fallback = { ...A_MODEL, id: 'fallback', price: undefined };
    const { end, modelCalls } = await play([
      {
        events: [
          { type: 'start', usage: usage(999, 1) },
          { type: 'model', model: fallback },
          { type: 'start' },
          { type: 'text-delta', delta: 'Here.' },
          { type: 'finish', finishReason: 'stop' },
        ],
      },
    ]);
    expect(end.model).toBe('fallback');
    expect(modelCalls).toEqual([
      {
        provider: 'openai-compatible',
        model: 'fallback',
        usage: expect.objectContaining({ inputTokens: { total: 7 } }),
        cost: undefined,
      },
    ]);
  });

  it('says `other` of a stream that ends without a reason, and counts its tool calls', async () => {
    const { end, modelCalls } = await play(
      [
        { events: [{ type: 'tool-call', call: { toolCallId: 'c', toolName: 'echo', input: { a: 1 } } }] },
        says('Done.'),
      ],
      { limits: { maxSteps: 1 } },
    );
    expect(end).toMatchObject({ finishReason: 'other', stopReason: 'max_steps' });
    expect(modelCalls[0]!.usage.outputTokens.total).toBe('echo{"a":1}'.length);
  });

  it('counts arguments that are no JSON by their text', async () => {
    const { modelCalls } = await play(
      [
        {
          events: [
            {
              type: 'tool-call',
              call: { toolCallId: 'c', toolName: 'echo', input: null, invalidInput: '{"a' },
            },
            { type: 'finish', finishReason: 'tool_calls' },
          ],
        },
        says('Done.'),
      ],
      { limits: { maxSteps: 1 } },
    );
    expect(modelCalls[0]!.usage.outputTokens.total).toBe('echo{"a'.length);
  });

  it('takes an abort without a reason of ours for a cancel', async () => {
    const { end } = await play([calls(['echo', [1, { b: 2 }]]), says('never')], {
      onEvent: (event, controller) => {
        if (event.type === 'tool-result') controller.abort();
      },
    });
    expect(end.stopReason).toBe('cancelled');
  });

  it('reports a stream that breaks without saying why', async () => {
    const models = new FakeModelClient([]);
    models.stream = async function* () {
      yield { type: 'start' };
      throw undefined as unknown as Error;
    };
    const played = await play([], { models });
    expect(played.end).toMatchObject({ stopReason: 'error', error: expect.any(Error) });
  });

  it('takes an error of a tool that is in no form of ours for no mistake of the model', async () => {
    const odd = ['text', null, [1], { error: 'text' }, { error: [1] }, { error: { code: 5 } }];
    for (const result of odd) {
      const { end } = await play([calls(['echo', 1]), calls(['echo', 2]), says('Done.')], {
        execute: (call) => Promise.resolve({ ...ok(call), result, isError: true }),
      });
      expect(end.stopReason).toBe('finished');
    }
  });

  it('stops dispatching when a result can no longer be written', async () => {
    const trace: string[] = [];
    const journal = new MemoryJournal(trace);
    journal.recordToolResult = () => Promise.reject(new RunFencedError('r1'));
    const played = play([calls(['echo', 1], ['echo', 2], ['echo', 3])], { journal });
    await expect(played).rejects.toThrow('run r1 is no longer ours');
    expect(journal.results).toEqual([]);
  });

  it('lets a journal that refuses a write end the loop: nothing is dispatched', async () => {
    const models = new FakeModelClient([calls(['echo', 1])]);
    const executed: ToolCall[] = [];
    const loop = runLoop(
      {
        model: A_MODEL,
        system: '',
        messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
        tools: [],
        maxOutputTokens: 10,
        temperature: undefined,
        limits: LIMITS,
      },
      {
        models,
        journal: {
          commitModelStep: () => Promise.reject(new Error('fenced')),
          recordToolResult: () => Promise.resolve(),
          commitToolResults: () => Promise.resolve(),
        },
        executeTool: (call) => {
          executed.push(call);
          return Promise.resolve(ok(call));
        },
        onModelCall: () => undefined,
        clock: { now: () => new Date(0), monotonicMs: () => 0 },
        ids: { next: () => 'id' },
      },
      new AbortController().signal,
    );
    await expect(
      (async () => {
        for (let next = await loop.next(); !next.done; next = await loop.next());
      })(),
    ).rejects.toThrow('fenced');
    expect(executed).toEqual([]);
  });
});
