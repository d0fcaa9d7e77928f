import { Lookahead } from './lookahead.js';
import type { TextStage } from './text-stage.js';

/** What a rule makes of the text at its place. */
export interface Edit {
  /** Characters that are used up. */
  readonly length: number;
  /** What is said instead. */
  readonly output: string;
  /** True: what is said is looked at again together with what follows. */
  readonly isLookedAtAgain?: boolean;
}

/** A long delta is taken in pieces: no step then copies more than this. */
const PIECE = 4_096;
/** Any of these may complete what is waited for. */
const CLOSING = /[\s()[\]<>"'`@.:-]/;

/** A stage made of rules that look ahead within a bound. */
export abstract class BufferedStage implements TextStage {
  private text = '';
  /** A look is worth it when the text is so long; when something closing comes, already at `closingRetryAt`. */
  private retryAt = 0;
  private closingRetryAt = 0;
  /** The last characters that went out, and the last one that was used up. */
  protected tail = '';
  protected previous = '';

  protected constructor(
    private readonly bound: number,
    private readonly tailLength: number,
  ) {}

  push(delta: string): string {
    if (delta.length <= PIECE) return this.take(delta);
    let output = '';
    for (let at = 0; at < delta.length; at += PIECE) output += this.take(delta.slice(at, at + PIECE));
    return output;
  }

  end(): string {
    return this.drain(true);
  }

  /** From `from` on: the first place that a rule has to look at; the length of the text when there is none. */
  protected abstract nextPlace(text: string, from: number): number;

  /** `undefined`: the character stays as it is. Not asked again when `look` is starved. */
  protected abstract decide(look: Lookahead): Edit | undefined;

  /** How much from `from` on is thrown away without a look; `undefined`: nothing more, from here on text counts again. */
  protected abstract swallow(look: Lookahead): number | undefined;

  protected abstract get isSwallowing(): boolean;

  /** Told of text that goes out as it came. */
  protected passed(_text: string): void {}

  private take(delta: string): string {
    this.text += delta;
    const { length } = this.text;
    if (length < this.closingRetryAt || (length < this.retryAt && !CLOSING.test(delta))) return '';
    return this.drain(false);
  }

  private drain(isFinal: boolean): string {
    let output = '';
    let at = 0;
    const say = (said: string): void => {
      output += said;
      if (said.length >= this.tailLength) this.tail = said.slice(-this.tailLength);
      else if (said !== '') this.tail = (this.tail + said).slice(-this.tailLength);
    };
    while (at < this.text.length) {
      if (this.isSwallowing) {
        const look = new Lookahead(this.text, at, isFinal, this.bound);
        const length = this.swallow(look);
        if (look.isStarved && length === undefined) break;
        if (length !== undefined) {
          at += length;
          continue;
        }
      }
      const place = this.nextPlace(this.text, at);
      if (place > at) {
        const plain = this.text.slice(at, place);
        say(plain);
        this.passed(plain);
        this.previous = plain.at(-1)!;
        at = place;
        continue;
      }
      const look = new Lookahead(this.text, at, isFinal, this.bound);
      const edit = this.decide(look);
      if (look.isStarved) break;
      if (!edit) {
        const character = this.text[at]!;
        say(character);
        this.passed(character);
        this.previous = character;
        at += 1;
      } else if (edit.isLookedAtAgain) {
        this.text = edit.output + this.text.slice(at + edit.length);
        at = 0;
      } else {
        say(edit.output);
        this.previous = edit.output.at(-1) ?? this.text[at + edit.length - 1]!;
        at += edit.length;
      }
    }
    this.text = this.text.slice(at);
    const { length } = this.text;
    this.retryAt = length < 16 ? 0 : length * 1.5;
    this.closingRetryAt = length + Math.floor(length / 64);
    return output;
  }
}
