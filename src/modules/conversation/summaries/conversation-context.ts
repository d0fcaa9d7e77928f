import type { StoredMessage } from '../conversation.js';
import type { ConversationSummary } from './conversation-summary.js';

/** What a model may be shown of a conversation's past. A message may be both pinned and recent. */
export interface ConversationContext {
  /** The newest. `undefined`: nothing is summed up. */
  readonly summary: ConversationSummary | undefined;
  /** Oldest first, the newest 50 at most. */
  readonly pinned: readonly StoredMessage[];
  /** The newest messages that the summary does not cover, oldest first. */
  readonly recent: readonly StoredMessage[];
  /** Text that strangers wrote has been before the model, be it in what is shown now or not. */
  readonly hasUntrusted: boolean;
  /** So has data that must not leave the installation. */
  readonly hasPrivate: boolean;
}
