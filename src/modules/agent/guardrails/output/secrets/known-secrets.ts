import { PairFinder } from '../pair-finder.js';
import { CONNECTION, JWT_BEGIN, PEM_BEGIN, SECRET_FORMS } from './secret-forms.js';

/** Shorter ones are too likely to be a word of somebody's answer. */
export const MIN_KNOWN_LENGTH = 12;

interface ValueNode {
  readonly next: Map<string, ValueNode>;
  isEnd: boolean;
}

/** Secrets of this installation, and how they look in URLs, JSON and base64. */
export class KnownSecrets {
  /** Where any secret may begin, known or told by its form. */
  readonly places: PairFinder;
  private readonly root: ValueNode = { next: new Map(), isEnd: false };

  constructor(values: Iterable<string>) {
    const forms = [...values]
      .filter(({ length }) => length >= MIN_KNOWN_LENGTH)
      .flatMap((value) => [...formsOf(value)]);
    for (const form of forms) this.add(form);
    const prefixes = SECRET_FORMS.map(({ prefix }) => prefix);
    this.places = new PairFinder([...prefixes, ...forms, JWT_BEGIN, PEM_BEGIN, CONNECTION]);
  }

  mayBegin(character: string): boolean {
    return this.root.next.has(character);
  }

  /** The length of the longest value that begins at offset 0; 0: none. `at` as of a Lookahead. */
  match(at: (offset: number) => string): number {
    let node: ValueNode | undefined = this.root;
    let length = 0;
    for (let offset = 0; node.next.size > 0; offset += 1) {
      node = node.next.get(at(offset));
      if (!node) break;
      if (node.isEnd) length = offset + 1;
    }
    return length;
  }

  private add(form: string): void {
    let node = this.root;
    for (const character of form.split('')) {
      let child = node.next.get(character);
      if (!child) node.next.set(character, (child = { next: new Map(), isEnd: false }));
      node = child;
    }
    node.isEnd = true;
  }
}

function formsOf(value: string): ReadonlySet<string> {
  return new Set([
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
  ]);
}
