import type { TextStage } from '../text-stage.js';
import { isWordCode } from './fold-character.js';
import type { PromptIndex } from './prompt-index.js';
import type { PromptScan } from './prompt-scan.js';
import type { SymbolScan } from './symbol-automaton.js';

export type Leak = 'canary' | 'system_prompt';

/** A longer word is in no prompt, and is not waited for. */
const MAX_WORD_LENGTH = 64;

/**
 * Ends a text where the canary or the system prompt begins to be repeated: what may still become a match is kept back, and
 * of a match nothing comes out.
 */
export class LeakGuard implements TextStage {
  tripped: Leak | undefined;
  private text = '';
  /** The place of `text` in the whole. */
  private base = 0;
  private wordStart = -1;

  constructor(
    private readonly canary: SymbolScan | undefined,
    private readonly prompt: { readonly index: PromptIndex; readonly scan: PromptScan } | undefined,
  ) {}

  push(delta: string): string {
    if (this.tripped) return '';
    const from = this.text.length;
    this.text += delta;
    for (let at = from; at < this.text.length; at += 1) {
      const code = this.text.charCodeAt(at);
      const place = this.base + at;
      if (this.canary?.next(code, place)) return this.trip('canary', this.canary.matchStart);
      if (!this.prompt) continue;
      if (isWordCode(code)) {
        if (this.wordStart < 0) this.wordStart = place;
      } else if (this.wordStart >= 0 && this.closeWord(place)) {
        return this.trip('system_prompt', this.prompt.scan.matchStart);
      }
    }
    return this.release(this.openSince);
  }

  end(): string {
    if (this.tripped) return '';
    if (this.prompt && this.wordStart >= 0 && this.closeWord(this.base + this.text.length)) {
      return this.trip('system_prompt', this.prompt.scan.matchStart);
    }
    return this.release(Infinity);
  }

  private closeWord(end: number): boolean {
    const start = this.wordStart;
    this.wordStart = -1;
    return this.prompt!.scan.next(this.wordFrom(start, end), start);
  }

  /** Empty for what is no word of the prompt: its beginning may be gone already. */
  private wordFrom(start: number, end: number): string {
    return start < this.base || end - start > MAX_WORD_LENGTH
      ? ''
      : this.text.slice(start - this.base, end - this.base).toLowerCase();
  }

  private get openSince(): number {
    const canary = this.canary?.openSince ?? Infinity;
    if (!this.prompt) return canary;
    const { index, scan } = this.prompt;
    const end = this.base + this.text.length;
    const isWordOpen =
      this.wordStart >= 0 &&
      end - this.wordStart <= MAX_WORD_LENGTH &&
      index.hasBeginning(this.wordFrom(this.wordStart, end));
    // A word that is none of the prompt's breaks what came before it, too.
    if (this.wordStart >= 0)
      return Math.min(canary, isWordOpen ? Math.min(scan.openSince, this.wordStart) : Infinity);
    return Math.min(canary, scan.openSince);
  }

  private release(until: number): string {
    const length = Math.min(Math.max(until - this.base, 0), this.text.length);
    const safe = this.text.slice(0, length);
    this.text = this.text.slice(length);
    this.base += length;
    return safe;
  }

  private trip(leak: Leak, matchStart: number): string {
    this.tripped = leak;
    const safe = this.release(matchStart);
    this.text = '';
    return safe;
  }
}
