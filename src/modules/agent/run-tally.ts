import { addUsage, NO_USAGE, totalTokens, type Usage } from '../../shared/llm/usage.js';
import type { PicoUsd } from '../../shared/money/usd.js';
import type { QuotaAmount } from '../rate-limit/index.js';
import type { AnsweredToolCall, StepEvent } from './loop/run-events.js';
import type { ModelCallRecord } from './loop/run-journal.js';

/** Adds up what a run does while it does it, so that the sum is there however the run ends. */
export class RunTally {
  usage: Usage = NO_USAGE;
  /** `undefined` as soon as one call's price is unknown: a sum with a hole is no sum. */
  cost: PicoUsd | undefined = 0n;
  /** What is known to be spent, whatever is not. */
  knownCost: PicoUsd = 0n;
  modelCalls = 0;
  /** True once the client has been shown a part of an answer. */
  hasStreamed = false;
  readonly toolCalls: AnsweredToolCall[] = [];
  private readonly openCalls = new Map<string, AnsweredToolCall['call']>();

  addModelCall({ usage, cost }: Pick<ModelCallRecord, 'usage' | 'cost'>): void {
    this.modelCalls += 1;
    this.knownCost += cost ?? 0n;
    this.usage = addUsage(this.usage, usage);
    this.cost = this.cost === undefined || cost === undefined ? undefined : this.cost + cost;
  }

  /** What counts for the quota. */
  get spent(): QuotaAmount {
    return { tokens: totalTokens(this.usage), cost: this.knownCost };
  }

  observe(event: StepEvent): void {
    if (event.type === 'text-delta' || event.type === 'reasoning-delta') this.hasStreamed = true;
    if (event.type === 'tool-call') {
      this.hasStreamed = true;
      this.openCalls.set(event.call.toolCallId, event.call);
    }
    if (event.type === 'tool-result') {
      const call = this.openCalls.get(event.result.toolCallId);
      if (call) this.toolCalls.push({ call, result: event.result });
    }
  }
}
