import type { ToolCall } from '../../../shared/llm/tool-call.js';

/** A text of the model on its way out. What comes out depends on the text alone, not on how it was cut into deltas. */
export interface TextFilter {
  /** What of the text so far may be shown and was not given out before. */
  push(delta: string): string;
  /** What was kept back. Nothing is pushed after it. */
  end(): string;
  /** Set when the text must not go on: nothing more comes out. */
  readonly tripped: string | undefined;
}

/** Stands between what a model says and everybody else, the journal included. */
export interface OutputScreen {
  /** For one text: the visible one of a step, or a piece of reasoning. */
  filter(): TextFilter;
  /** The call as it may be shown and kept. */
  call(call: ToolCall): ToolCall;
}
