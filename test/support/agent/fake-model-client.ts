import type { FinishReason } from '../../../src/shared/llm/finish-reason.js';
import type { JsonValue } from '../../../src/shared/llm/json.js';
import type { Usage } from '../../../src/shared/llm/usage.js';
import type { ModelInfo } from '../../../src/modules/providers/catalogue/model-info.js';
import type { ModelEvent, ModelRequest } from '../../../src/modules/providers/llm-provider.js';
import type { ModelCallEvent, ModelClient } from '../../../src/modules/providers/model-client.js';

export const A_MODEL: ModelInfo = {
  id: 'test-model',
  provider: 'openai-compatible',
  vendorModel: 'test-model',
  connection: {},
  price: { input: 1_000_000n, output: 2_000_000n },
  capabilities: { tools: true, images: true, reasoning: true, temperature: true, api: 'chat' },
};

/** One scripted model call: the events to stream, and the error that breaks it off, if any. */
export interface ScriptedCall {
  readonly events: readonly ModelCallEvent[];
  readonly error?: unknown;
  /** Streams the events, then waits until the signal fires. */
  readonly hangs?: boolean;
}

export function usage(input: number, output: number): Usage {
  return { inputTokens: { total: input }, outputTokens: { total: output }, source: 'measured' };
}

export function finish(finishReason: FinishReason, counts: Usage = usage(10, 5)): ModelEvent {
  return { type: 'finish', finishReason, usage: counts };
}

/** The model says `text` and stops. */
export function says(text: string): ScriptedCall {
  return { events: [{ type: 'start' }, { type: 'text-delta', delta: text }, finish('stop')] };
}

/** The model asks for tools. */
export function calls(
  ...toolCalls: readonly (readonly [toolName: string, input: JsonValue])[]
): ScriptedCall {
  return {
    events: [
      { type: 'start' },
      ...toolCalls.map(([toolName, input], index): ModelEvent => ({
        type: 'tool-call',
        call: { toolCallId: `call_${index + 1}`, toolName, input },
      })),
      finish('tool_calls'),
    ],
  };
}

/** Plays queued calls, records the requests, and fails when it is called too often. */
export class FakeModelClient implements ModelClient {
  readonly requests: ModelRequest[] = [];

  constructor(private readonly script: readonly ScriptedCall[]) {}

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelCallEvent> {
    const call = this.script[this.requests.length];
    this.requests.push(request);
    if (!call) throw new Error(`the script has no call ${this.requests.length}`);
    yield { type: 'model', model: request.model };
    for (const event of call.events) {
      signal.throwIfAborted();
      yield event;
    }
    if (call.hangs) {
      await new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason as Error);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    if (call.error !== undefined) throw call.error as Error;
  }

  find(): ModelInfo {
    return A_MODEL;
  }

  list(): readonly ModelInfo[] {
    return [A_MODEL];
  }

  costOf(model: ModelInfo, { inputTokens, outputTokens }: Usage): bigint | undefined {
    const { price } = model;
    return price && price.input * BigInt(inputTokens.total) + price.output * BigInt(outputTokens.total);
  }

  mostOf({ maxOutputTokens }: ModelRequest): { tokens: number; cost: bigint } {
    return { tokens: 10 + maxOutputTokens, cost: 10_000_000n + 2_000_000n * BigInt(maxOutputTokens) };
  }

  estimateUsage(_request: ModelRequest, output: string): Usage {
    return { inputTokens: { total: 7 }, outputTokens: { total: output.length }, source: 'estimated' };
  }
}
