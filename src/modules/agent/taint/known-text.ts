import type { JsonValue } from '../../../shared/llm/json.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolResult } from '../../../shared/llm/tool-call.js';
import { isQuote } from '../context/quote.js';
import { SecretText } from './secret-text.js';

export interface StrangersText {
  readonly text: string;
  /** The address that it was read at, where its tool says so: links in it are relative to that. */
  readonly page?: string;
}

/** What a run has before it, by who may have written it. */
export interface KnownText {
  /** By strangers, and free of anything private: whoever repeats it tells nobody anything. */
  readonly strangers: readonly StrangersText[];
  /** By the user; what is quoted to the model in their name may be the model's own. */
  readonly user: readonly string[];
  /** What must not leave: results of private tools, the system prompt, what the user wrote, what was quoted. */
  readonly secret: Pick<SecretText, 'isTouchedBy'>;
}

/** Enough of each to decide by; what lies further back is out of the model's sight as well. */
const MAX_CHARACTERS = 400_000;

export class KnownTextCollector implements KnownText {
  readonly strangers: StrangersText[] = [];
  readonly user: string[] = [];
  readonly secret = new SecretText();
  private left = MAX_CHARACTERS;

  addSystem(text: string): void {
    this.secret.add(this.kept(text));
  }

  addMessage(message: Message): void {
    if (message.role === 'tool') message.parts.forEach((part) => this.addResult(part));
    if (message.role !== 'user') return;
    for (const part of message.parts) {
      if (part.type !== 'text') continue;
      const text = this.kept(part.text);
      if (!isQuote(part)) this.user.push(text);
      this.secret.add(text);
    }
  }

  addResult({ result, taint, isPrivate }: Pick<ToolResult, 'result' | 'taint' | 'isPrivate'>): void {
    if (!isPrivate && !taint) return;
    const text = this.kept(JSON.stringify(result));
    if (isPrivate) this.secret.add(text);
    else this.strangers.push({ text, ...pageOf(result) });
  }

  private kept(text: string): string {
    const kept = text.slice(0, Math.max(0, this.left));
    this.left -= kept.length;
    return kept;
  }
}

function pageOf(result: JsonValue): Pick<StrangersText, 'page'> {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return {};
  const { url } = result;
  return typeof url === 'string' ? { page: url } : {};
}
