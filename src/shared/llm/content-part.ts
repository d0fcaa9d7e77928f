import type { ToolCall, ToolResult } from './tool-call.js';

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** An image for the model: exactly one of `base64` and `url` is set. */
export interface ImagePart {
  readonly type: 'image';
  /** IANA media type, for example `image/png`. */
  readonly mediaType: string;
  readonly base64?: string;
  readonly url?: string;
}

/** What the model thought aloud. It goes back to the same provider unchanged, or not at all. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  /** The provider that made it; other providers never see it. */
  readonly provider?: string;
  /** The vendor's proof of origin (Anthropic `signature`, OpenAI `encrypted_content`); opaque. */
  readonly signature?: string;
  /** The vendor's id of the item where it must be repeated (OpenAI Responses). */
  readonly id?: string;
  /** Anthropic's `redacted_thinking` payload; `text` is empty then. */
  readonly redacted?: string;
}

export interface ToolCallPart extends ToolCall {
  readonly type: 'tool-call';
}

export interface ToolResultPart extends ToolResult {
  readonly type: 'tool-result';
}

export type UserPart = TextPart | ImagePart;
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart;
export type ContentPart = UserPart | AssistantPart | ToolResultPart;
