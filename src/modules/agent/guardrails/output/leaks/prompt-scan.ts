import { FRAGMENT_WORDS, type PromptIndex, type PromptNode, QUOTED_WORDS, wordsOf } from './prompt-index.js';

/** Of the last so many words … */
const WINDOW_WORDS = 32;
/** … so many may stand in fragments of the prompt. */
const MAX_FRAGMENT_WORDS = 18;

interface Run {
  readonly node: PromptNode;
  readonly start: number;
}

/** One text, word by word, against a system prompt. */
export class PromptScan {
  private runs: Run[] = [];
  private readonly words: string[] = [];
  /** For each of the last words, whether a fragment of the prompt ends with it. */
  private readonly fragments: boolean[] = [];
  private user: string | undefined;
  matchStart = -1;

  constructor(
    private readonly index: PromptIndex,
    /** What the user has said in the conversation: their own words are theirs. */
    private readonly userText: () => string,
  ) {}

  /** True: with this word the prompt is being repeated. */
  next(word: string, start: number): boolean {
    const id = this.index.idOf(word);
    this.remember(word);
    if (id === undefined) {
      this.runs = [];
      return this.isFragment(false, start);
    }
    const grown: Run[] = [];
    for (const run of [...this.runs, { node: this.index.root, start }]) {
      const node = run.node.next.get(id);
      if (!node) continue;
      if (node.depth < QUOTED_WORDS) grown.push({ node, start: run.start });
      else if (!this.isUsers(QUOTED_WORDS)) {
        this.matchStart = run.start;
        return true;
      }
    }
    this.runs = grown;
    return this.isFragment((grown[0]?.node.depth ?? 0) >= FRAGMENT_WORDS, start);
  }

  /** Where that begins which may still become a match; `Infinity`: nothing does. */
  get openSince(): number {
    return this.runs[0]?.start ?? Infinity;
  }

  private isFragment(isOne: boolean, start: number): boolean {
    this.fragments.push(isOne && !this.isUsers(FRAGMENT_WORDS));
    if (this.fragments.length > WINDOW_WORDS) this.fragments.shift();
    if (!isOne) return false;
    const count = this.fragments.filter(Boolean).length;
    if (count <= MAX_FRAGMENT_WORDS) return false;
    this.matchStart = Math.min(this.openSince, start);
    return true;
  }

  private remember(word: string): void {
    this.words.push(word);
    if (this.words.length > QUOTED_WORDS) this.words.shift();
  }

  private isUsers(words: number): boolean {
    this.user ??= ` ${wordsOf(this.userText()).join(' ')} `;
    return this.user.includes(` ${this.words.slice(-words).join(' ')} `);
  }
}
