import type { ModelServer, ReceivedRequest } from '../model-server/model-server.js';
import type { ScriptedReply } from '../model-server/scripted-reply.js';
import { asArray, isObject, type JsonBody } from '../model-server/wire.js';

/*
 * Replies that depend on the conversation in the request (OpenAI's chat wire), not on a queue: several processes ask in
 * any order, and one that takes over asks again. For `models.always(…)`.
 */

export type Script = (request: ReceivedRequest) => ScriptedReply;

export interface Pace {
  /** Between two events of an answer: leaves time to kill, pause or cut. */
  readonly delayMs?: number;
  /** Characters per event. */
  readonly chunkSize?: number;
}

export interface ThreeSteps extends Pace {
  /** The tool of the first two steps. Default `append_line`. */
  readonly tool?: 'append_line' | 'idempotent_line';
  /** How long each tool call takes after it has written its line. */
  readonly toolDelayMs?: number;
}

let calls = 0;

/** Like a vendor: an answer that is asked for again has other ids. */
function freshCallId(): string {
  calls += 1;
  return `call_${process.pid}_${calls}`;
}

/**
 * A run of three model calls: for the message "Ada" it writes the lines "Ada 1" and "Ada 2" with a tool and ends with the
 * text "Ada done". `stepText('Ada', 1)` is what it says before the first call.
 */
export function threeSteps(options: ThreeSteps = {}): Script {
  const { tool = 'append_line', toolDelayMs, ...pace } = options;
  return (request) => {
    const text = lastUserText(request);
    const step = stepOf(request);
    if (step > 2) return { text: `${text} done`, ...withPace(pace) };
    const input = {
      text: `${text} ${step}`,
      ...(toolDelayMs === undefined ? {} : { delay_ms: toolDelayMs }),
    };
    return {
      text: stepText(text, step),
      toolCalls: [{ id: freshCallId(), name: tool, arguments: input }],
      ...withPace(pace),
    };
  };
}

export function stepText(userText: string, step: number): string {
  return `For ${userText} I now write line ${step} of the two lines that were asked for.`;
}

/** Calls one tool with this input, then ends with "<user text> done". */
export function oneTool(name: string, input: object, pace: Pace = {}): Script {
  return (request) =>
    stepOf(request) === 1
      ? { toolCalls: [{ id: freshCallId(), name, arguments: input }], ...withPace(pace) }
      : { text: `${lastUserText(request)} done`, ...withPace(pace) };
}

/** Says what the user said. */
export function echo(pace: Pace = {}): Script {
  return (request) => ({ text: lastUserText(request), ...withPace(pace) });
}

/** Says "word1 word2 …": any gap, repetition or change of order shows. */
export function storyOf(words: number, pace: Pace = {}): Script {
  return () => ({ text: storyText(words), ...withPace(pace) });
}

export function storyText(words: number): string {
  return Array.from({ length: words }, (_, index) => `word${index + 1}`).join(' ');
}

function withPace({ delayMs = 0, chunkSize = 5 }: Pace): Required<Pace> {
  return { delayMs, chunkSize };
}

/** The user's latest message, as the model sees it. */
export function lastUserText({ body }: ReceivedRequest): string {
  const content = messagesOf(body).findLast(({ role }) => role === 'user')?.content;
  // What the application sent along stands behind it.
  if (typeof content === 'string') return content.split('\n\nData that the application supplied')[0]!;
  const parts = (asArray(content) ?? []).filter(isObject);
  return parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
}

/** 1 for the first model call of a turn: one more than the tool results that are there (these scripts make one call a step). */
export function stepOf({ body }: ReceivedRequest): number {
  const messages = messagesOf(body);
  const turn = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1);
  return turn.filter(({ role }) => role === 'tool').length + 1;
}

function messagesOf(body: JsonBody): readonly JsonBody[] {
  return (asArray(body.messages) ?? []).filter(isObject);
}

export interface ModelCall {
  readonly userText: string;
  readonly step: number;
  /** `aborted`: the caller went away before the answer was complete. */
  readonly state: 'open' | 'completed' | 'aborted';
  readonly request: ReceivedRequest;
}

export interface ModelCallCounts {
  readonly arrived: number;
  readonly open: number;
  readonly completed: number;
  readonly aborted: number;
}

/** What became of the model calls, by the user message that they were for. Give every run of a test its own message. */
export class ModelBook {
  constructor(private readonly models: ModelServer) {}

  /** Of one message or of all, in the order of their arrival. */
  calls(userText?: string): ModelCall[] {
    return this.models.requests
      .map((request): ModelCall => ({
        userText: lastUserText(request),
        step: stepOf(request),
        state: stateOf(request),
        request,
      }))
      .filter((call) => userText === undefined || call.userText === userText);
  }

  counts(userText?: string): ModelCallCounts {
    const calls = this.calls(userText);
    const count = (state: ModelCall['state']): number => calls.filter((call) => call.state === state).length;
    return {
      arrived: calls.length,
      open: count('open'),
      completed: count('completed'),
      aborted: count('aborted'),
    };
  }

  /** The step of each call, for example `[1, 2, 2, 3]` when the second was asked for again. */
  steps(userText: string): number[] {
    return this.calls(userText).map(({ step }) => step);
  }
}

function stateOf({ completedAt, clientClosedAt }: ReceivedRequest): ModelCall['state'] {
  if (completedAt !== undefined) return 'completed';
  return clientClosedAt === undefined ? 'open' : 'aborted';
}
