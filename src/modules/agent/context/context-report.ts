/** What a run's model was shown of the past, and what not. Counted in messages, but for `estimatedTokens`. */
export interface ContextReport {
  /** What the model can read, its answer included. */
  readonly windowTokens: number;
  /** Our estimate of the run's first request. */
  readonly estimatedTokens: number;
  /** Of the conversation before this run, as they are. */
  readonly includedMessages: number;
  /** Of the conversation before this run; a summary may cover them. */
  readonly leftOutMessages: number;
  /** Older ones that were found to bear on the message, and are quoted. */
  readonly recalledMessages: number;
  readonly pinnedMessages: number;
  /** Long tool results of which only beginning and end were shown. */
  readonly shortenedResults: number;
  /** Null: there is no summary, or it was not needed. */
  readonly summaryVersion: number | null;
  /** Facts that the user asked to be remembered. */
  readonly memories: number;
}
