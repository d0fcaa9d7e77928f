/** What the older part of a conversation is summed up to. Made by a model from what users and tools wrote: data, not instructions. */
export interface ConversationSummary {
  /** From 1; the newest holds. */
  readonly version: number;
  /** The `seq` of the last message that it covers. */
  readonly coversToSeq: number;
  readonly text: string;
  /** The id of the model that wrote it. */
  readonly model: string;
  readonly createdAt: Date;
}
