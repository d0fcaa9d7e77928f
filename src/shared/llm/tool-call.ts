import type { JsonValue } from './json.js';

/** The model asks for a tool. Every tool call gets exactly one tool result, whatever happens. */
export interface ToolCall {
  /** The vendor's id of the call; unique within its message. */
  readonly toolCallId: string;
  /** As the model wrote it: it may name a tool that does not exist. */
  readonly toolName: string;
  /** The parsed arguments; `null` when `invalidInput` is set. */
  readonly input: JsonValue;
  /** The raw text when the model's arguments were no JSON. Such a call is never executed. */
  readonly invalidInput?: string;
}

/** What the model is told about a call, success or not. */
export interface ToolResult {
  readonly toolCallId: string;
  readonly toolName: string;
  /** JSON that goes to the model as it is; for errors `{error: {code, message}}`. */
  readonly result: JsonValue;
  readonly isError: boolean;
  /** Time from dispatch to result. 0 for a call that was never dispatched. */
  readonly durationMs: number;
  /**
   * It carries text that strangers wrote, which may be instructions to the model; `hostile`: such were found in it. Left
   * out: all of it is from this installation.
   */
  readonly taint?: 'untrusted' | 'hostile';
  /** It carries data that must not leave the installation. */
  readonly isPrivate?: boolean;
}

/** What a provider needs to know to offer a tool to the model. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly [keyword: string]: unknown };
}
