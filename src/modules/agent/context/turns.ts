import type { Message } from '../../../shared/llm/message.js';
import type { StoredMessage } from '../../conversation/index.js';
import { toValidHistory } from './valid-history.js';

/** A user message with all that followed it: kept or left out as a whole, so a tool call never loses its result. */
export interface Turn {
  /** The place of its user message in the conversation. */
  readonly firstSeq: number;
  /** Valid in itself, and never empty. */
  readonly messages: readonly Message[];
}

/** Stored messages, oldest first, as turns. What stands before the first user message belongs to a turn that was cut off. */
export function toTurns(stored: readonly StoredMessage[]): Turn[] {
  const turns: Turn[] = [];
  let start = stored.findIndex(({ role }) => role === 'user');
  while (start >= 0 && start < stored.length) {
    const next = stored.findIndex(({ role }, index) => index > start && role === 'user');
    const end = next < 0 ? stored.length : next;
    const messages = toValidHistory(
      stored.slice(start, end).map(({ role, parts }) => ({ role, parts }) as Message),
    );
    if (messages.length > 0) turns.push({ firstSeq: stored[start]!.seq, messages });
    start = end;
  }
  return turns;
}
