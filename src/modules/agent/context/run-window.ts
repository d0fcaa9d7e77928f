import { validationFailed } from '../../../shared/errors/app-error.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import type { ModelInfo } from '../../providers/index.js';
import { messageBudget, sumTokens } from './count-messages.js';
import { toSendableMessages } from './sendable-messages.js';
import { countShortened, shortenResults } from './shorten-results.js';

export interface RunWindowOptions {
  readonly model: ModelInfo;
  readonly system: string;
  readonly maxOutputTokens: number;
  /** How many messages the run began with; the last of them is its user's. */
  readonly contextLength: number;
  /** How many of them, from the first on, stand before the history: summary, pinned messages, memories. Left out: none. */
  readonly headLength?: number;
  /** How the model is to see a message. Left out: as it is. */
  readonly present?: (message: Message) => Message;
}

/** A result longer than this may be shortened to it. */
const LONG_RESULT = 16_000;
const SHORT_RESULT = 2_000;
const VERY_SHORT_RESULT = 300;

/**
 * Keeps the requests of one run within its model's window while tool results pile up. It gives way in this order: older
 * results of the run, half of the history, very long newest results, all of the history, all newest results, what stands
 * before the history, and at last whole steps of the run, oldest first. The user's message always stays. What was given up once stays so, for the sake of the vendors' caches.
 */
export class RunWindow {
  private level = 0;
  private droppedSteps = 0;
  /** Of the last request: results that were shortened, and messages that were left out. */
  shortenedResults = 0;
  leftOutMessages = 0;
  isHeadLeftOut = false;

  constructor(private readonly options: RunWindowOptions) {}

  /**
   * What of the run's messages, its context first, goes into the next request. Throws `validation_failed` when not even
   * the user's message and the newest step fit.
   */
  fit(messages: readonly Message[], tools: readonly ToolDefinition[]): readonly Message[] {
    const { model, present } = this.options;
    const budget = messageBudget({ ...this.options, tools });
    const parts = this.split(messages);
    for (; ; this.level += 1) {
      const level = LEVELS[this.level];
      if (!level) break;
      const kept = level(parts);
      const sendable = toSendableMessages(kept, model, present);
      if (sumTokens(sendable, model) <= budget) return this.noted(messages, kept, sendable);
    }
    for (;;) {
      const kept = withoutSteps(parts, this.droppedSteps);
      const sendable = toSendableMessages(kept, model, present);
      if (sumTokens(sendable, model) <= budget) return this.noted(messages, kept, sendable);
      if (this.droppedSteps >= parts.steps.length - 1) throw windowTooSmall();
      this.droppedSteps += 1;
    }
  }

  private split(messages: readonly Message[]): RunMessages {
    const { contextLength, headLength = 0 } = this.options;
    const steps: Message[][] = [];
    for (const message of messages.slice(contextLength)) {
      if (message.role === 'assistant' || steps.length === 0) steps.push([message]);
      else steps.at(-1)!.push(message);
    }
    return {
      head: messages.slice(0, headLength),
      history: messages.slice(headLength, contextLength - 1),
      current: messages[contextLength - 1]!,
      steps,
    };
  }

  private noted(
    all: readonly Message[],
    kept: readonly Message[],
    sendable: readonly Message[],
  ): readonly Message[] {
    const { headLength = 0 } = this.options;
    this.isHeadLeftOut = headLength > 0 && kept[0] !== all[0];
    const tail = this.isHeadLeftOut ? kept : kept.slice(headLength);
    this.leftOutMessages = all.length - headLength - tail.length;
    this.shortenedResults = countShortened(all.slice(all.length - tail.length), tail);
    return sendable;
  }
}

/** Thrown for a message that can never be sent to this model, whatever is left out. */
export function windowTooSmall(): Error {
  return validationFailed([
    {
      pointer: '/message',
      detail: 'does not fit into the context window of this model, even without any history',
    },
  ]);
}

interface RunMessages {
  readonly head: readonly Message[];
  readonly history: readonly Message[];
  readonly current: Message;
  /** An assistant message with the results of its calls. */
  readonly steps: readonly (readonly Message[])[];
}

type Level = (messages: RunMessages) => readonly Message[];

const LEVELS: readonly Level[] = [
  ({ head, history, current, steps }) => [...head, ...history, current, ...steps.flat()],
  ({ head, history, current, steps }) => [...head, ...history, current, ...shortOlder(steps)],
  ({ head, history, current, steps }) => [...head, ...newerHalf(history), current, ...shortOlder(steps)],
  ({ head, history, current, steps }) => [
    ...head,
    ...newerHalf(history),
    current,
    ...shortOlder(steps, LONG_RESULT),
  ],
  ({ head, current, steps }) => [...head, current, ...shortOlder(steps, LONG_RESULT)],
  ({ head, current, steps }) => [...head, current, ...shortAll(steps, 2 * SHORT_RESULT)],
  ({ current, steps }) => [current, ...shortAll(steps, 2 * SHORT_RESULT)],
  ({ current, steps }) => [current, ...shortAll(steps, VERY_SHORT_RESULT)],
];

function withoutSteps({ current, steps }: RunMessages, dropped: number): readonly Message[] {
  return [current, ...shortAll(steps.slice(dropped), VERY_SHORT_RESULT)];
}

function shortOlder(steps: RunMessages['steps'], maxOfNewest = Infinity): Message[] {
  const newest = steps.length - 1;
  return steps.flatMap((step, index) => step.map(shortener(index === newest ? maxOfNewest : SHORT_RESULT)));
}

function shortAll(steps: RunMessages['steps'], maxCharacters: number): Message[] {
  return steps.flat().map(shortener(maxCharacters));
}

const shortOnes = new WeakMap<Message, Map<number, Message>>();

/** The same object for the same message, so that it is counted once. */
function shortener(maxCharacters: number): (message: Message) => Message {
  return (message) => {
    const known = shortOnes.get(message) ?? new Map<number, Message>();
    shortOnes.set(message, known);
    let short = known.get(maxCharacters);
    if (!short) known.set(maxCharacters, (short = shortenResults(message, maxCharacters)));
    return short;
  };
}

/** Begins with a user message, as every history does. */
function newerHalf(history: readonly Message[]): readonly Message[] {
  const half = history.findIndex(({ role }, index) => role === 'user' && index >= history.length / 2);
  return half < 0 ? [] : history.slice(half);
}
