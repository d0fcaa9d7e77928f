import {
  A_MODEL,
  calls,
  FakeModelClient,
  finish,
  says,
  type ScriptedCall,
  usage,
} from '../../../../test/support/agent/fake-model-client.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import type { ModelRequest } from '../../providers/index.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolCall, ToolResult } from '../../../shared/llm/tool-call.js';
import { OUTCOME_UNKNOWN, outcomeUnknown } from './execute-tool-calls.js';
import type { OutputScreen, TextFilter } from './output-screen.js';
import type { StepEvent } from './run-events.js';
import {
  type JournalledStep,
  type ModelCallRecord,
  type ModelStepRecord,
  RunFencedError,
  type RunJournal,
  type ToolIntent,
  type ToolResultRecord,
} from './run-journal.js';
import {
  AnswerBrokenOff,
  type LoopEnd,
  RunAborted,
  runLoop,
  type RunRequest,
  SUSPENDED,
} from './run-loop.js';

const TOOLS = [{ name: 'echo', description: 'Echoes.', inputSchema: { type: 'object' } }];
const LIMITS = { maxSteps: 6, maxToolCallsPerStep: 4, toolConcurrency: 2, maxRepeatedCalls: 3 };

/** Holds each text's last character back, hides `#`, and ends a text before `!`. */
class StrictFilter implements TextFilter {
  tripped: string | undefined;
  private held = '';

  push(delta: string): string {
    const text = this.held + delta;
    this.tripped ??= text.includes('!') ? 'shouting' : undefined;
    const safe = text.split('!')[0]!.replaceAll('#', '*');
    this.held = this.tripped ? '' : safe.slice(-1);
    return this.tripped ? safe : safe.slice(0, -1);
  }

  end(): string {
    // A question that stays open is as bad.
    if (this.held === '?') this.tripped = 'asking';
    return this.tripped ? '' : this.held;
  }
}

const STRICT: OutputScreen = {
  filter: () => new StrictFilter(),
  call: (call) => ({ ...call, input: 'seen' }),
};

/** Lets everything through. */
const OPEN: OutputScreen = {
  filter: () => ({ push: (delta) => delta, end: () => '', tripped: undefined }),
  call: (call) => call,
};

/** Remembers what was written, and in which order relative to the tools and to what subscribers see. */
class MemoryJournal implements RunJournal {
  readonly steps: ModelStepRecord[] = [];
  readonly results: ToolResultRecord[][] = [];
  readonly single: ToolResultRecord[] = [];
  /** All events in the order in which they become true. */
  readonly events: StepEvent[] = [];
  readonly trace: string[] = [];

  async commitModelStep(record: ModelStepRecord, then: readonly StepEvent[]): Promise<void> {
    this.steps.push(record);
    this.trace.push(`journal step ${record.step}`);
    this.events.push(...then);
  }

  async dispatch(intents: readonly ToolIntent[]): Promise<void> {
    this.trace.push(`dispatch ${intents.map(({ seq }) => seq).join(' ')}`);
  }

  async recordToolResult(record: ToolResultRecord): Promise<void> {
    this.single.push(record);
  }

  async commitToolResults(
    records: readonly ToolResultRecord[],
    _messageId: string,
    then: readonly StepEvent[],
  ): Promise<void> {
    this.results.push([...records]);
    this.trace.push('journal results');
    this.events.push(...then);
  }
}

interface Played {
  readonly events: StepEvent[];
  /** Not there when the run was suspended. */
  readonly end: LoopEnd;
  readonly isSuspended: boolean;
  readonly journal: MemoryJournal;
  readonly models: FakeModelClient;
  readonly executed: ToolCall[];
  readonly modelCalls: ModelCallRecord[];
  readonly trace: string[];
}

async function play(
  script: readonly ScriptedCall[],
  options: {
    execute?: (call: ToolCall, controller: AbortController) => Promise<ToolResult>;
    limits?: Partial<typeof LIMITS>;
    fit?: RunRequest['fit'];
    journalled?: readonly JournalledStep[];
    /** Aborted with this before it begins. */
    aborted?: RunAborted;
    onEvent?: (event: StepEvent, controller: AbortController) => void;
    models?: FakeModelClient;
    journal?: MemoryJournal;
    fits?: (request: ModelRequest) => boolean;
    /** Left out: everything may be said. */
    output?: OutputScreen;
    /** Calls that a person has to agree to. */
    asks?: (call: ToolCall) => boolean;
    /** Left out: the run's user has all their tools to the end. */
    offered?: () => readonly string[];
  } = {},
): Promise<Played> {
  const journal = options.journal ?? new MemoryJournal();
  const { trace, events } = journal;
  const models = options.models ?? new FakeModelClient(script);
  const executed: ToolCall[] = [];
  const modelCalls: ModelCallRecord[] = [];
  const controller = new AbortController();
  if (options.aborted) controller.abort(options.aborted);
  let id = 0;
  const loop = runLoop(
    {
      model: A_MODEL,
      system: 'Be brief.',
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
      fit: options.fit ?? ((messages) => [...messages]),
      journalled: options.journalled ?? [],
      tools: TOOLS,
      maxOutputTokens: 100,
      temperature: 0.5,
      cacheKey: 'a-key',
      limits: { ...LIMITS, ...options.limits },
    },
    {
      models,
      output: options.output ?? OPEN,
      journal,
      executeTool: (call) => {
        executed.push(call);
        trace.push(`execute ${call.toolCallId}`);
        return options.execute?.(call, controller) ?? Promise.resolve(ok(call));
      },
      offerTools: () =>
        Promise.resolve(TOOLS.filter(({ name }) => options.offered?.().includes(name) ?? true)),
      approvalsFor: (intents) =>
        Promise.resolve({
          intents: intents.filter(({ call }) => options.asks?.(call) ?? false),
          expiresAt: new Date('2026-11-27T09:00:00Z'),
        }),
      reserve: (request) => {
        trace.push(`reserve ${request.messages.length}`);
        return Promise.resolve(options.fits?.(request) ?? true);
      },
      onModelCall: (call) => modelCalls.push(call),
      clock: { now: () => new Date('2026-11-24T09:00:00Z'), monotonicMs: () => 0 },
      ids: { next: () => `id-${(id += 1)}` },
    },
    controller.signal,
  );
  for (;;) {
    const next = await loop.next();
    if (next.done) {
      const end = next.value === SUSPENDED ? undefined : next.value;
      return { events, end: end!, isSuspended: !end, journal, models, executed, modelCalls, trace };
    }
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

/** A step as the owner before left it: the model asked for a tool per input, in this order. */
function aStep(
  step: number,
  inputs: readonly JsonValue[],
  overrides: Partial<JournalledStep> = {},
): JournalledStep {
  const seq = overrides.seq ?? 1;
  const asked = inputs.map((input, index) => ({
    toolCallId: `step_${step}_call_${index + 1}`,
    toolName: 'echo',
    input,
  }));
  return {
    seq,
    step,
    messageId: `message-${step}`,
    parts: [
      { type: 'text', text: `Step ${step}.` },
      ...asked.map((call) => ({ type: 'tool-call' as const, ...call })),
    ],
    isComplete: true,
    finishReason: inputs.length > 0 ? 'tool_calls' : 'stop',
    model: 'fallback',
    usage: usage(10, 5),
    cost: 20n,
    intents: asked.map((call, index) => ({ seq: seq + 1 + index, call })),
    results: new Map(),
    isDispatched: true,
    areResultsCommitted: false,
    ...overrides,
  };
}

/** The step with the results of its tools; `answer` says what each call came to, `undefined`: nothing is known. */
function answered(
  step: JournalledStep,
  areResultsCommitted: boolean,
  answer: (call: ToolCall, index: number) => ToolResult | undefined = ok,
): JournalledStep {
  const results = new Map<number, ToolResult>();
  step.intents.forEach(({ seq, call }, index) => {
    const result = answer(call, index);
    if (result) results.set(seq, result);
  });
  return { ...step, results, areResultsCommitted };
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
    expect(trace).toEqual([
      'reserve 1',
      'journal step 1',
      'execute call_1',
      'journal results',
      'reserve 3',
      'journal step 2',
    ]);
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

  it('calls no model for which there is nothing left', async () => {
    const { end, models, events } = await play([says('never')], { fits: () => false });
    expect(models.requests).toEqual([]);
    expect(events).toEqual([]);
    expect(end).toMatchObject({ stopReason: 'budget', finishReason: 'other', content: '', messageId: null });
  });

  it('ends with what it has when a further step does not fit', async () => {
    const thinking: ScriptedCall = {
      events: [
        { type: 'text-delta', delta: 'Let me see.' },
        { type: 'tool-call', call: { toolCallId: 'call_1', toolName: 'echo', input: 1 } },
        finish('tool_calls'),
      ],
    };
    const { end, executed, models, journal } = await play([thinking, says('never')], {
      fits: ({ messages }) => messages.length === 1,
    });
    expect(executed).toHaveLength(1);
    expect(models.requests).toHaveLength(1);
    expect(journal.results).toHaveLength(1);
    expect(end).toMatchObject({ stopReason: 'budget', finishReason: 'tool_calls', content: 'Let me see.' });
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

  it('owes nothing for an answer that was given before, and says so', async () => {
    const model = { type: 'model', model: A_MODEL } as const;
    const told = { type: 'text-delta', delta: 'again' } as const;
    const again = [{ ...model, isCached: true }, { type: 'start' }, told, finish('stop')] as const;
    const { events, end, modelCalls, journal } = await play([{ events: again }]);
    expect(modelCalls).toEqual([]);
    expect(journal.steps[0]).toMatchObject({ modelCall: undefined, isComplete: true, finishReason: 'stop' });
    expect(end).toMatchObject({ content: 'again', stopReason: 'finished', isCached: true });
    expect(events.at(-1)).toEqual({
      type: 'step-end',
      step: 1,
      finishReason: 'stop',
      usage: usage(0, 0),
      cost: 0n,
    });
    const asked = await play([{ events: [{ ...model, isCached: true }, model, told, finish('stop')] }]);
    expect(asked.modelCalls).toHaveLength(1);
    expect(asked.end.isCached).toBe(false);
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
      execute: (call, controller) => {
        controller.abort(new RunAborted('timeout', 'deadline'));
        return Promise.resolve(failed(call, 'cancelled'));
      },
    });
    expect(end.stopReason).toBe('timeout');
    expect(models.requests).toHaveLength(1);
    expect(journal.steps).toHaveLength(1);
    expect(journal.results[0]!.map(({ result }) => result.toolCallId)).toEqual(['call_1', 'call_2']);
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

  describe('with a screen for what the model says', () => {
    const text = (delta: string) => ({ type: 'text-delta' as const, delta });
    const thought = (delta: string) => ({ type: 'reasoning-delta' as const, delta });
    const call = {
      type: 'tool-call' as const,
      call: { toolCallId: 'call_1', toolName: 'echo', input: { a: 1 } },
    };
    const shown = (events: readonly StepEvent[], type: 'text-delta' | 'reasoning-delta') =>
      events.map((event) => (event.type === type ? event.delta : '')).join('');

    it('shows and keeps what came through, to the last character, and counts what the model said', async () => {
      const { events, end, modelCalls } = await play(
        [{ events: [text('a'), text('#b'), text('c'), { type: 'finish', finishReason: 'stop' }] }],
        { output: STRICT },
      );
      expect(shown(events, 'text-delta')).toBe('a*bc');
      expect(end.content).toBe('a*bc');
      expect(modelCalls[0]!.usage.outputTokens.total).toBe(4);
    });

    it.each([
      ['text before the calls', [text('ab'), call], [{ type: 'text', text: 'ab' }, 'tool-call']],
      ['a single character before the calls', [text('a'), call], [{ type: 'text', text: 'a' }, 'tool-call']],
      ['text around the calls', [text('a'), call, text('bc')], ['tool-call', { type: 'text', text: 'abc' }]],
      [
        'text behind a thought',
        [thought('t'), text('a')],
        [
          { type: 'reasoning', text: 't' },
          { type: 'text', text: 'a' },
        ],
      ],
    ])('keeps %s in its place', async (_what, said, parts) => {
      const { journal, events } = await play([{ events: [...said, finish('tool_calls')] }, says('.')], {
        output: STRICT,
      });
      const kept = journal.steps[0]!.message!.parts.map((part) =>
        part.type === 'tool-call' ? part.type : part,
      );
      expect(kept).toEqual(parts);
      expect(events.filter(({ type }) => type === 'step-end').length).toBeGreaterThan(0);
    });

    it('executes the call that it has seen', async () => {
      const { executed, events } = await play([{ events: [call, finish('tool_calls')] }, says('.')], {
        output: STRICT,
      });
      expect(executed[0]!.input).toBe('seen');
      expect(events.find((event) => event.type === 'tool-call')).toMatchObject({ call: { input: 'seen' } });
    });

    it('ends the answer where it trips, leaves the stream, and keeps what was safe', async () => {
      const models = new FakeModelClient([
        { events: [text('so '), text('far!'), text(' and more')], hangs: true },
      ]);
      const { events, end, journal, modelCalls } = await play([], { output: STRICT, models });
      expect(shown(events, 'text-delta')).toBe('so far');
      expect(end).toMatchObject({
        stopReason: 'finished',
        finishReason: 'content_filter',
        content: 'so far',
      });
      expect(journal.steps[0]).toMatchObject({ isComplete: true, rawFinishReason: 'output_filter' });
      expect(modelCalls[0]!.usage).toMatchObject({ source: 'estimated', outputTokens: { total: 7 } });
    });

    it('ends the answer too when only its end trips it, and takes the vendor’s figures', async () => {
      const { end, modelCalls } = await play([{ events: [text('why?'), finish('stop')] }], {
        output: STRICT,
      });
      expect(end).toMatchObject({ finishReason: 'content_filter', content: 'why' });
      expect(modelCalls[0]!.usage.source).toBe('measured');
    });

    it('counts an answer of which nothing may be shown', async () => {
      const { end, modelCalls } = await play([{ events: [text('!'), finish('stop', usage(5, 0))] }], {
        output: STRICT,
      });
      expect(end).toMatchObject({ finishReason: 'content_filter', messageId: null });
      expect(modelCalls).toHaveLength(1);
    });

    it('gives a thought back to the vendor unchanged or not at all', async () => {
      const part = (said: string) => ({
        type: 'reasoning' as const,
        part: { type: 'reasoning' as const, text: said, provider: 'anthropic', signature: 'sig' },
      });
      const { journal, events } = await play(
        [
          {
            events: [
              ...[thought('go'), thought('od'), part('good')],
              ...[thought('b#d'), part('b#d')],
              ...[part('late'), part('')],
              ...[text('.'), finish('stop')],
            ],
          },
        ],
        { output: STRICT },
      );
      expect(shown(events, 'reasoning-delta')).toBe('goodb*dlate');
      expect(journal.steps[0]!.message!.parts).toEqual([
        part('good').part,
        { type: 'reasoning', text: 'b*d' },
        part('late').part,
        part('').part,
        { type: 'text', text: '.' },
      ]);
    });

    it('ends an answer within its thoughts', async () => {
      const { end, events, journal } = await play([{ events: [thought('hm!'), text('no')] }], {
        output: STRICT,
      });
      expect(end).toMatchObject({ finishReason: 'content_filter', content: '' });
      expect(shown(events, 'reasoning-delta')).toBe('hm');
      expect(journal.steps[0]!.message!.parts).toEqual([{ type: 'reasoning', text: 'hm' }]);
    });
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

  it('notes by which price a call was charged', async () => {
    const priced = { ...A_MODEL, priceVersion: 'configured:1' };
    const { modelCalls } = await play([
      { events: [{ type: 'model', model: priced }, { type: 'text-delta', delta: 'Hi.' }, finish('stop')] },
    ]);
    expect(modelCalls[0]).toMatchObject({ priceVersion: 'configured:1' });
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
      execute: (call, controller) => {
        controller.abort();
        return Promise.resolve(ok(call));
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
    const journal = new MemoryJournal();
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
        fit: (messages) => messages,
        journalled: [],
        tools: [],
        maxOutputTokens: 10,
        temperature: undefined,
        cacheKey: undefined,
        limits: LIMITS,
      },
      {
        models,
        output: OPEN,
        journal: {
          commitModelStep: () => Promise.reject(new Error('fenced')),
          dispatch: () => Promise.resolve(),
          recordToolResult: () => Promise.resolve(),
          commitToolResults: () => Promise.resolve(),
        },
        executeTool: (call) => {
          executed.push(call);
          return Promise.resolve(ok(call));
        },
        offerTools: () => Promise.resolve([]),
        approvalsFor: (intents) => Promise.resolve({ intents: intents.slice(1), expiresAt: new Date(0) }),
        reserve: () => Promise.resolve(true),
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

  it('shows a result with the write that makes it true, and the end of a step last', async () => {
    const journal = new MemoryJournal();
    const seen: string[] = [];
    const commit = journal.commitToolResults.bind(journal);
    journal.commitToolResults = async (records, messageId, then) => {
      seen.push(...journal.events.map(({ type }) => type), '|', ...then.map(({ type }) => type));
      await commit(records, messageId, then);
    };
    await play([calls(['echo', 1], ['echo', 2]), says('Done.')], { journal });
    expect(seen).toEqual([
      'step-start',
      'tool-call',
      'tool-call',
      'tool-result',
      '|',
      'tool-result',
      'step-end',
    ]);
  });

  it('offers from the second step on only what its user still has', async () => {
    let has = ['echo'];
    const { models } = await play([calls(['echo', 1]), says('done')], {
      offered: () => has,
      onEvent: (event) => {
        if (event.type === 'tool-call') has = [];
      },
    });
    expect(models.requests.map(({ tools }) => tools.map(({ name }) => name))).toEqual([['echo'], []]);
  });

  describe('a call that a person has to agree to', () => {
    it('suspends the run before anything of its step is dispatched', async () => {
      const { isSuspended, executed, events, journal } = await play([calls(['echo', 1], ['echo', 'ask'])], {
        asks: ({ input }) => input === 'ask',
      });
      expect(isSuspended).toBe(true);
      expect(executed).toEqual([]);
      expect(journal.steps[0]!.approvals.intents.map(({ seq }) => seq)).toEqual([3]);
      expect(journal.steps[0]!.intents.map(({ seq }) => seq)).toEqual([2, 3]);
      expect(events.at(-1)).toMatchObject({
        type: 'approval-request',
        step: 1,
        call: { input: 'ask' },
        expiresAt: '2026-11-27T09:00:00.000Z',
      });
      expect(events.filter(({ type }) => type === 'tool-result' || type === 'step-end')).toEqual([]);
    });

    it('is not asked for when a limit has ended the run', async () => {
      const { isSuspended, end } = await play([calls(['echo', 'ask'])], {
        asks: () => true,
        limits: { maxSteps: 1 },
      });
      expect(isSuspended).toBe(false);
      expect(end.stopReason).toBe('max_steps');
    });

    it('is dispatched once the run goes on, with the journal first', async () => {
      const waiting = aStep(1, ['a', 'b'], { isDispatched: false });
      const { trace, executed, end } = await play([says('done')], { journalled: [waiting] });
      expect(executed.map(({ input }) => input)).toEqual(['a', 'b']);
      expect(trace.slice(0, 2)).toEqual(['dispatch 2 3', 'execute step_1_call_1']);
      expect(end.stopReason).toBe('finished');
    });
  });

  describe('a run that had another owner before', () => {
    it('does not repeat a step that is finished: its results are remembered, and the model goes on', async () => {
      const done = answered(aStep(1, [{ a: 1 }]), true);
      const { events, end, models, executed, journal } = await play([says('Done.')], { journalled: [done] });
      expect(executed).toEqual([]);
      expect(journal.results).toEqual([]);
      expect(models.requests).toHaveLength(1);
      expect(models.requests[0]!.messages.slice(1)).toEqual([
        { role: 'assistant', parts: done.parts },
        { role: 'tool', parts: [{ type: 'tool-result', ...ok(done.intents[0]!.call) }] },
      ]);
      expect(events.map(({ type }) => type)).toEqual(['step-start', 'text-delta', 'step-end']);
      expect(end).toMatchObject({ stopReason: 'finished', content: 'Done.', model: 'test-model' });
    });

    it('goes on with the numbers of the journal', async () => {
      const journalled = [answered(aStep(1, [1, 2]), true), answered(aStep(2, [3], { seq: 4 }), true)];
      const { events, journal } = await play([calls(['echo', 4]), says('Done.')], { journalled });
      expect(
        journal.steps.map(({ step, seq, intents }) => [step, seq, ...intents.map((i) => i.seq)]),
      ).toEqual([
        [3, 6, 7],
        [4, 8],
      ]);
      expect(events[0]).toEqual({ type: 'step-start', step: 3 });
    });

    it('executes what is missing of a step, and nothing that has its result', async () => {
      const half = answered(aStep(1, [1, 2, 3]), false, (call, index) =>
        index === 1 ? ok(call) : undefined,
      );
      const { events, executed, journal, models } = await play([says('Done.')], { journalled: [half] });
      expect(executed.map(({ input }) => input)).toEqual([1, 3]);
      expect(journal.single.map(({ seq }) => seq)).toEqual([2, 4]);
      expect(journal.results).toEqual([half.intents.map(({ seq, call }) => ({ seq, result: ok(call) }))]);
      expect(events.map(({ type, step }) => [type, step])).toEqual([
        ['tool-result', 1],
        ['tool-result', 1],
        ['tool-result', 1],
        ['step-end', 1],
        ['step-start', 2],
        ['text-delta', 2],
        ['step-end', 2],
      ]);
      expect(events[3]).toMatchObject({ finishReason: 'tool_calls', usage: half.usage, cost: half.cost });
      expectPaired(models.requests[0]!.messages);
    });

    it('answers a call whose outcome is unknown and does not execute it', async () => {
      const unknown = answered(aStep(1, [1]), false, outcomeUnknown);
      const { end, executed, journal, models } = await play([says('I cannot tell.')], {
        journalled: [unknown],
      });
      expect(executed).toEqual([]);
      expect(journal.results[0]).toMatchObject([
        { seq: 2, result: { isError: true, result: { error: { code: OUTCOME_UNKNOWN } } } },
      ]);
      expectPaired(models.requests[0]!.messages);
      expect(end.stopReason).toBe('finished');
    });

    it('calls no model again whose answer broke off: the run ends with what came', async () => {
      const broken = aStep(1, [], { isComplete: false, finishReason: 'error' });
      const { events, end, models, journal } = await play([says('never')], { journalled: [broken] });
      expect(end).toEqual({
        stopReason: 'error',
        finishReason: 'error',
        model: 'fallback',
        messageId: 'message-1',
        content: 'Step 1.',
        error: expect.any(AnswerBrokenOff),
      });
      expect(models.requests).toEqual([]);
      expect(journal.steps).toEqual([]);
      expect(events).toEqual([]);
    });

    it('ends as cancelled when that was asked for while nobody had the run', async () => {
      const aborted = new RunAborted('cancelled', 'the run was cancelled');
      const broken = aStep(1, [], { isComplete: false });
      const finished = answered(aStep(1, [1]), true);
      for (const journalled of [[broken], [finished], []]) {
        const { end, models } = await play([says('never')], { journalled, aborted });
        expect(end).toMatchObject({ stopReason: 'cancelled', finishReason: 'error', error: aborted });
        expect(models.requests).toEqual([]);
      }
    });

    it('has nothing to show of an answer that broke off before it began', async () => {
      const broken = aStep(1, [], { isComplete: false, parts: [], messageId: null });
      const { end } = await play([says('never')], { journalled: [broken] });
      expect(end).toMatchObject({ stopReason: 'error', messageId: null, content: '' });
    });

    it('ends with the answer that the owner before had committed and not closed', async () => {
      const { end, models, events } = await play([says('never')], { journalled: [aStep(1, [])] });
      expect(end).toEqual({
        stopReason: 'finished',
        finishReason: 'stop',
        model: 'fallback',
        messageId: 'message-1',
        content: 'Step 1.',
      });
      expect(models.requests).toEqual([]);
      expect(events).toEqual([]);
    });

    it('counts the same call over all its owners', async () => {
      const journalled = [1, 2, 3].map((step) =>
        answered(aStep(step, [{ a: 1, b: 2 }], { seq: 2 * step - 1 }), true),
      );
      const { end, executed, journal } = await play([calls(['echo', { b: 2, a: 1 }]), says('never')], {
        journalled,
      });
      expect(end.stopReason).toBe('repeated_calls');
      expect(executed).toEqual([]);
      expect(journal.results[0]).toMatchObject([
        { seq: 8, result: { result: { error: { code: 'not_executed' } } } },
      ]);
    });

    it('counts the mistakes of the model over all its owners', async () => {
      const mistaken = answered(aStep(1, [1]), true, (call) => failed(call, 'invalid_input'));
      const { end, models } = await play([calls(['echo', 2]), says('never')], {
        journalled: [mistaken],
        execute: (call) => Promise.resolve(failed(call, 'invalid_input')),
      });
      expect(end.stopReason).toBe('tool_args_invalid');
      expect(models.requests).toHaveLength(1);
    });

    it('ends at once when the results that were committed say so', async () => {
      const journalled = [1, 2].map((step) =>
        answered(aStep(step, [step], { seq: 2 * step - 1 }), true, (call) => failed(call, 'unknown_tool')),
      );
      const { end, models } = await play([says('never')], { journalled });
      expect(end).toMatchObject({ stopReason: 'tool_args_invalid', finishReason: 'tool_calls' });
      expect(models.requests).toEqual([]);
    });

    it('counts its steps over all its owners', async () => {
      const journalled = [answered(aStep(1, [1]), true)];
      const { end, models, executed } = await play([calls(['echo', 2]), says('never')], {
        journalled,
        limits: { maxSteps: 2 },
      });
      expect(end.stopReason).toBe('max_steps');
      expect(models.requests).toHaveLength(1);
      expect(executed).toEqual([]);
    });

    it('answers the calls of its last step as not executed when a limit had ended it there', async () => {
      const { end, executed, journal } = await play([says('never')], {
        journalled: [aStep(1, [1])],
        limits: { maxSteps: 1 },
      });
      expect(end).toMatchObject({ stopReason: 'max_steps', messageId: 'message-1', model: 'fallback' });
      expect(executed).toEqual([]);
      expect(journal.results[0]).toMatchObject([
        { seq: 2, result: { result: { error: { code: 'not_executed' } } } },
      ]);
    });
  });
});
