import type { JsonValue } from '../../../shared/llm/json.js';
import type { TextPart } from '../../../shared/llm/content-part.js';
import type { ContextReport } from './context-report.js';
import type { Message, UserMessage } from '../../../shared/llm/message.js';
import type { ModelInfo } from '../../providers/index.js';
import type { RecalledTurn, StoredMessage } from '../../conversation/index.js';
import { type Candidate, chooseStart } from './choose-start.js';
import { DEFAULT_CONTEXT_WINDOW, messageTokens, sumTokens } from './count-messages.js';
import { quote, toQuotes } from './quote.js';
import { windowTooSmall } from './run-window.js';
import { countShortened, shortenResults } from './shorten-results.js';
import { toTurns, type Turn } from './turns.js';

/** All that a context can be made of. */
export interface ContextSources {
  readonly current: UserMessage;
  /** The place of the current message. */
  readonly messageSeq: number;
  /** The newest messages before it, oldest first. */
  readonly recent: readonly StoredMessage[];
  /** There are older ones than `recent`, and no summary covers them. */
  readonly isCut: boolean;
  readonly summary: { readonly version: number; readonly text: string } | undefined;
  readonly pinned: readonly StoredMessage[];
  /** As the model is to be told. */
  readonly memories: readonly JsonValue[];
  readonly model: ModelInfo;
  /** For the messages; never more is used. */
  readonly budgetTokens: number;
}

/** The part of a conversation that goes in as it is, before it is known what else is worth a place. */
export interface HistoryPlan {
  readonly sources: ContextSources;
  readonly head: Head;
  readonly kept: readonly Message[];
  /** The first place that `kept` has; what is older may be recalled. */
  readonly fromSeq: number;
  readonly isComplete: boolean;
  readonly shortenedResults: number;
}

/** Summary, pinned messages and memories. */
interface Head {
  /** One, or none. */
  readonly messages: readonly UserMessage[];
  readonly summaryVersion: number | null;
  readonly pinned: number;
  readonly memories: number;
}

/** Of the budget: for what is not the conversation itself. */
const HEAD_SHARE = 0.25;
const RECALL_SHARE = 0.15;
/** Results of older turns are cut to this when not all of the conversation fits. */
const SHORT_RESULT = 2_000;
/** How many messages count as new, and how often that boundary moves: seldom, for the sake of the vendors' caches. */
const NEW_MESSAGES = 8;

/** Throws `validation_failed` when not even the current message fits. */
export function planHistory(sources: ContextSources): HistoryPlan {
  const { current, recent, budgetTokens, messageSeq, model } = sources;
  const free = budgetTokens - messageTokens(current, model);
  if (free < 0) throw windowTooSmall();
  const headBefore = (seq: number): Head => toHead(sources, seq, free * HEAD_SHARE);
  const place = (head: Head): number => free - sumTokens(head.messages, model);

  const turns = toTurns(recent);
  const whole = headBefore(recent[0]?.seq ?? messageSeq);
  if (!sources.isCut && chooseStart(candidates(turns, model), place(whole), false) === 0) {
    const kept = turns.flatMap(({ messages }) => messages);
    const isComplete = sources.summary === undefined;
    return {
      sources,
      head: whole,
      kept,
      fromSeq: recent[0]?.seq ?? messageSeq,
      isComplete,
      shortenedResults: 0,
    };
  }
  const budget = place(headBefore(messageSeq)) - free * RECALL_SHARE;
  const startOf = (some: readonly Turn[]): number =>
    chooseStart(candidates(some, model), budget, sources.isCut);
  let shorter = shortenOlder(turns, messageSeq);
  // Before a long result of the newest turn leaves no place for any of them, it is shortened as well.
  if (startOf(shorter) === turns.length) shorter = turns.map(shortTurn);
  const start = startOf(shorter);
  const fromSeq = turns[start]?.firstSeq ?? messageSeq;
  const kept = shorter.slice(start).flatMap(({ messages }) => messages);
  const original = turns.slice(start).flatMap(({ messages }) => messages);
  return {
    sources,
    head: headBefore(fromSeq),
    kept,
    fromSeq,
    isComplete: false,
    shortenedResults: countShortened(original, kept),
  };
}

/** Puts everything into its place: head, history, and the current message with what was recalled for it. */
export function assembleContext(
  plan: HistoryPlan,
  recalled: readonly RecalledTurn[],
): { readonly messages: Message[]; readonly report: Omit<ContextReport, 'estimatedTokens'> } {
  const { sources, head, kept } = plan;
  const { current, budgetTokens, messageSeq, model } = sources;
  const forMessages = budgetTokens - messageTokens(current, model);
  const free = forMessages - sumTokens(head.messages, model) - sumTokens(kept, model);
  // It becomes a part of the current message, which a run never gives up: the rest is for its tools.
  const quotes = toRecallPart(recalled, Math.min(free, forMessages * RECALL_SHARE), model);
  const messages: Message[] = [
    ...head.messages,
    ...kept,
    quotes.part ? { role: 'user', parts: [quotes.part, ...current.parts] } : current,
  ];
  return {
    messages,
    report: {
      windowTokens: model.contextWindow ?? DEFAULT_CONTEXT_WINDOW,
      includedMessages: kept.length,
      leftOutMessages: Math.max(0, messageSeq - 1 - kept.length),
      recalledMessages: quotes.count,
      pinnedMessages: head.pinned,
      shortenedResults: plan.shortenedResults,
      summaryVersion: head.summaryVersion,
      memories: head.memories,
    },
  };
}

const SUMMARY = 'Summary of the earlier part of this conversation';
const PINNED = 'Messages of this conversation that the user has pinned';
const MEMORIES = 'What the user has asked to be remembered';
const RECALLED = 'Older messages of this conversation that may bear on the next one';

/**
 * What does not change from turn to turn comes first, and only as much of it as has a place. Pinned messages from
 * `beforeSeq` on are in the history anyway.
 */
function toHead(
  { summary, memories, pinned, model }: ContextSources,
  beforeSeq: number,
  budgetTokens: number,
): Head {
  const parts: TextPart[] = [];
  let free = budgetTokens;
  const tokensOf = (part: TextPart): number => messageTokens({ role: 'user', parts: [part] }, model);
  const add = (part: TextPart): boolean => {
    const tokens = tokensOf(part);
    if (tokens > free) return false;
    free -= tokens;
    parts.push(part);
    return true;
  };
  /** How many of them are in: the first ones that have a place, whatever is too long for it. */
  const addSome = <T>(what: string, data: readonly T[], inOrder = (some: T[]): T[] => some): number => {
    let left = free;
    const some = data.filter((item) => {
      const tokens = tokensOf(quote(what, [item]));
      if (tokens > left) return false;
      left -= tokens;
      return true;
    });
    return some.length > 0 && add(quote(what, inOrder(some))) ? some.length : 0;
  };
  const older = toQuotes(pinned.filter(({ seq }) => seq < beforeSeq).map(toMessage));
  const head = {
    memories: addSome(MEMORIES, memories),
    summaryVersion: summary && add(quote(SUMMARY, summary.text)) ? summary.version : null,
    // The newest are kept, and stand in the order of the conversation.
    pinned: addSome(PINNED, older.toReversed(), (some) => some.toReversed()),
  };
  return { ...head, messages: parts.length === 0 ? [] : [{ role: 'user', parts }] };
}

function candidates(turns: readonly Turn[], model: ModelInfo): Candidate[] {
  return turns.map(({ firstSeq, messages }) => ({ firstSeq, tokens: sumTokens(messages, model) }));
}

function toMessage({ role, parts }: StoredMessage): Message {
  return { role, parts } as Message;
}

function shortenOlder(turns: readonly Turn[], messageSeq: number): Turn[] {
  const newFrom = Math.floor(messageSeq / NEW_MESSAGES - 1) * NEW_MESSAGES;
  return turns.map((turn) => (turn.firstSeq >= newFrom ? turn : shortTurn(turn)));
}

function shortTurn(turn: Turn): Turn {
  return { ...turn, messages: turn.messages.map((message) => shortenResults(message, SHORT_RESULT)) };
}

/** Best first, until the place is used up; shown in the order of the conversation. */
function toRecallPart(
  recalled: readonly RecalledTurn[],
  freeTokens: number,
  model: ModelInfo,
): { readonly part?: TextPart; readonly count: number } {
  const byPlace = (turns: readonly RecalledTurn[]) =>
    [...turns].sort((a, b) => a.messages[0]!.seq - b.messages[0]!.seq);
  for (let count = recalled.length; count > 0; count -= 1) {
    const quotes = byPlace(recalled.slice(0, count)).flatMap(({ messages }) =>
      toQuotes(messages.map(toMessage)),
    );
    if (quotes.length === 0) return { count: 0 };
    const part = quote(RECALLED, quotes);
    if (messageTokens({ role: 'user', parts: [part] }, model) <= freeTokens)
      return { part, count: quotes.length };
  }
  return { count: 0 };
}
