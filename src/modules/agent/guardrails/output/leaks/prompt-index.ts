import { isWordCode } from './fold-character.js';

/** So many words in a row are no accident. */
export const QUOTED_WORDS = 8;
/** Runs of so many words count when a text repeats the prompt with changes. */
export const FRAGMENT_WORDS = 3;
/** Longer prompts are compared by their beginning. */
const MAX_PROMPT_WORDS = 20_000;

/** A place in the prompt's runs of words, by the words that led there. */
export interface PromptNode {
  readonly depth: number;
  readonly next: Map<number, PromptNode>;
}

/** All runs of up to eight words of a system prompt. */
export class PromptIndex {
  readonly root: PromptNode = { depth: 0, next: new Map() };
  private readonly ids = new Map<string, number>();
  private readonly beginnings = new Set<string>();

  constructor(prompt: string) {
    const words = wordsOf(prompt).slice(0, MAX_PROMPT_WORDS);
    const ids = words.map((word) => this.add(word));
    for (let start = 0; start < ids.length; start += 1) {
      let node = this.root;
      for (const id of ids.slice(start, start + QUOTED_WORDS)) {
        let child = node.next.get(id);
        if (!child) node.next.set(id, (child = { depth: node.depth + 1, next: new Map() }));
        node = child;
      }
    }
  }

  /** `undefined`: the prompt does not have this word. */
  idOf(word: string): number | undefined {
    return this.ids.get(word);
  }

  /** Whether a word of the prompt begins so. */
  hasBeginning(text: string): boolean {
    return this.beginnings.has(text);
  }

  private add(word: string): number {
    let id = this.ids.get(word);
    if (id === undefined) {
      this.ids.set(word, (id = this.ids.size));
      for (let length = 1; length <= word.length; length += 1) this.beginnings.add(word.slice(0, length));
    }
    return id;
  }
}

/** Letters and digits between anything else, in lower case. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let at = 0; at <= text.length; at += 1) {
    const isWord = at < text.length && isWordCode(text.charCodeAt(at));
    if (isWord && start < 0) start = at;
    if (!isWord && start >= 0) {
      words.push(text.slice(start, at).toLowerCase());
      start = -1;
    }
  }
  return words;
}
