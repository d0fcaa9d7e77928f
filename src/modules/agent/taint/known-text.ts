import type { Message } from '../../../shared/llm/message.js';
import type { ToolResult } from '../../../shared/llm/tool-call.js';

/** What a run has before it, by who may have written it. */
export interface KnownText {
  /** By strangers, and free of anything private: whoever repeats it tells nobody anything. */
  readonly strangers: readonly string[];
  /** By the user. */
  readonly user: readonly string[];
  /** What must not leave: results of private tools, the system prompt, what the user wrote. */
  readonly secret: readonly string[];
}

/** Enough of each to decide by; what lies further back is out of the model's sight as well. */
const MAX_CHARACTERS = 400_000;

export class KnownTextCollector implements KnownText {
  readonly strangers: string[] = [];
  readonly user: string[] = [];
  readonly secret: string[] = [];
  private left = MAX_CHARACTERS;

  addSystem(text: string): void {
    this.add(this.secret, text);
  }

  addMessage(message: Message): void {
    if (message.role === 'tool') message.parts.forEach((part) => this.addResult(part));
    if (message.role !== 'user') return;
    for (const part of message.parts) {
      if (part.type !== 'text') continue;
      this.add(this.user, part.text);
      this.add(this.secret, part.text);
    }
  }

  addResult({ result, taint, isPrivate }: Pick<ToolResult, 'result' | 'taint' | 'isPrivate'>): void {
    const text = JSON.stringify(result);
    if (isPrivate) this.add(this.secret, text);
    else if (taint) this.add(this.strangers, text);
  }

  private add(to: string[], text: string): void {
    const kept = text.slice(0, Math.max(0, this.left));
    this.left -= kept.length;
    if (kept !== '') to.push(kept);
  }
}
