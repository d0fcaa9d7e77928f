import { type MessageRow, toStoredMessage } from '../stored-message.js';
import type { ConversationContext } from './conversation-context.js';

/** As many as one conversation may have. */
export const MAX_PINNED = 50;

/** A message, or the summary or a mark of the conversation in the shape of one. */
export interface ContextRow extends MessageRow {
  readonly place: 'recent' | 'pinned' | 'summary' | 'untrusted' | 'private';
  readonly version: number | null;
  readonly text: string | null;
  readonly model: string | null;
}

export function toContext(rows: readonly ContextRow[]): ConversationContext {
  const messagesAt = (place: ContextRow['place']) =>
    rows.filter((row) => row.place === place).map(toStoredMessage);
  const summary = rows.find((row) => row.place === 'summary');
  return {
    summary: summary && {
      version: summary.version!,
      coversToSeq: summary.seq,
      text: summary.text!,
      model: summary.model!,
      createdAt: summary.created_at,
    },
    pinned: messagesAt('pinned'),
    recent: messagesAt('recent'),
    hasUntrusted: rows.some((row) => row.place === 'untrusted'),
    hasPrivate: rows.some((row) => row.place === 'private'),
  };
}
