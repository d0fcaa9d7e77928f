import { BufferedStage, type Edit } from '../buffered-stage.js';
import type { Lookahead } from '../lookahead.js';
import type { KnownSecrets } from './known-secrets.js';
import type { PairFinder } from '../pair-finder.js';
import { JWT_BEGIN, PEM_BEGIN, SECRET_FORMS, type SecretForm } from './secret-forms.js';

const REDACTED = '[redacted]';

/** What is looked at at once. */
const BOUND = 2_048;
/** Where word-like keys must have shown a digit. */
const WORD_LIKE_BODY = 64;
const MAX_JWT_HEADER = 512;
const MAX_CREDENTIALS = 512;
/** An unended private key takes no more of a text with it. */
const MAX_PEM_BODY = 16_384;

const ALNUM = /[A-Za-z0-9]/;
const SLUG = /[A-Za-z0-9_-]/;
const JWT = /[A-Za-z0-9_.-]/;
const BASE64 = /[A-Za-z0-9+/=]/;
/** What may stand between the lines of a key, also where it is a string of a program. */
const PEM_SPACE = /[\s\\rn"',+]/;
const PEM_LABEL = /[A-Z0-9 ]/;
const CREDENTIALS = /[^\s/"'\\<>`]/;

const FORMS_BY_FIRST = Map.groupBy(SECRET_FORMS, ({ prefix }) => prefix[0]!);

type Swallowing = { readonly kind: 'body'; readonly body: RegExp } | { readonly kind: 'pem'; left: number };

/** Replaces secrets that can be told by their form, or that are this installation's own, with `[redacted]`. */
export class SecretStage extends BufferedStage {
  private swallowing: Swallowing | undefined;
  private readonly places: PairFinder;

  constructor(
    private readonly known: KnownSecrets,
    private readonly onFound: () => void,
  ) {
    super(BOUND, 1);
    this.places = known.places;
  }

  protected get isSwallowing(): boolean {
    return this.swallowing !== undefined;
  }

  protected nextPlace(text: string, from: number): number {
    return this.places.next(text, from);
  }

  protected decide(look: Lookahead): Edit | undefined {
    const first = look.at(0);
    if (this.known.mayBegin(first)) {
      const length = this.known.match((offset) => look.at(offset));
      if (look.isStarved) return undefined;
      if (length > 0) return this.found(length, REDACTED);
    }
    if (first === ':') return this.credentials(look);
    if (first === '-') return this.privateKey(look);
    for (const form of FORMS_BY_FIRST.get(first) ?? []) {
      const length = this.key(look, form);
      if (look.isStarved) return undefined;
      if (length > 0) return this.found(length, REDACTED, { kind: 'body', body: form.body });
    }
    return first === 'e' ? this.webToken(look) : undefined;
  }

  protected swallow(look: Lookahead): number | undefined {
    const { swallowing } = this;
    if (swallowing?.kind === 'pem') return this.swallowKey(look, swallowing);
    const { body } = swallowing!;
    const length = look.skip(0, body, BOUND - 1);
    // A dot that ends a sentence is not the token's.
    const dots = look.slice(0, length).match(/\.+$/)?.[0].length ?? 0;
    if (length > dots) return length - dots;
    if (!look.isStarved) this.swallowing = undefined;
    return undefined;
  }

  /** The length of what is certain to be such a key; 0: it is none. */
  private key(look: Lookahead, { prefix, body, min, isWordLike = false }: SecretForm): number {
    if (isWordLike && ALNUM.test(this.previous)) return 0;
    if (!startsWith(look, prefix)) return 0;
    const most = isWordLike ? WORD_LIKE_BODY : min;
    let hasDigit = !isWordLike;
    for (let offset = prefix.length; offset < prefix.length + most; offset += 1) {
      const character = look.at(offset);
      if (character === '' || !body.test(character)) return 0;
      hasDigit ||= character >= '0' && character <= '9';
      if (hasDigit && offset + 1 - prefix.length >= min) return offset + 1;
    }
    return 0;
  }

  private webToken(look: Lookahead): Edit | undefined {
    if (SLUG.test(this.previous) || !startsWith(look, JWT_BEGIN)) return undefined;
    const header = look.skip(JWT_BEGIN.length, SLUG, MAX_JWT_HEADER);
    if (header < JWT_BEGIN.length + 5 || look.at(header) !== '.' || !SLUG.test(look.at(header + 1)))
      return undefined;
    return look.isStarved ? undefined : this.found(header + 2, REDACTED, { kind: 'body', body: JWT });
  }

  /** `scheme://user:password@host`: what stands before the host goes. */
  private credentials(look: Lookahead): Edit | undefined {
    if (look.at(1) !== '/' || look.at(2) !== '/') return undefined;
    const end = look.skip(3, CREDENTIALS, MAX_CREDENTIALS);
    if (look.isStarved) return undefined;
    const authority = look.slice(3, end);
    const at = authority.lastIndexOf('@');
    const colon = authority.indexOf(':');
    if (colon < 0 || at < colon || at - colon < 2) return undefined;
    return this.found(3 + at, `://${REDACTED}`);
  }

  private privateKey(look: Lookahead): Edit | undefined {
    if (!startsWith(look, PEM_BEGIN)) return undefined;
    const labelEnd = look.skip(PEM_BEGIN.length, PEM_LABEL, PEM_BEGIN.length + 60);
    const isKey = look.slice(PEM_BEGIN.length, labelEnd).includes('PRIVATE KEY');
    if (!isKey || !startsWith(look, '-----', labelEnd)) return undefined;
    // Who only names the line shows no key.
    const body = look.skip(labelEnd + 5, PEM_SPACE, labelEnd + 40);
    const bodyEnd = look.skip(body, /[A-Za-z0-9+/=:-]/, body + 12);
    if (look.isStarved || bodyEnd - body < 8) return undefined;
    return this.found(bodyEnd, REDACTED, { kind: 'pem', left: MAX_PEM_BODY });
  }

  private swallowKey(look: Lookahead, swallowing: { left: number }): number | undefined {
    if (look.at(0) === '-' && startsWith(look, '-----END ')) {
      const end = look.skip(9, PEM_LABEL, 69);
      if (startsWith(look, '-----', end)) {
        this.swallowing = undefined;
        return end + 5;
      }
    }
    if (look.isStarved) return undefined;
    if (swallowing.left <= 0) {
      this.swallowing = undefined;
      return undefined;
    }
    const run = look.at(0) === '-' ? 1 : Math.min(swallowing.left, Math.max(1, look.skip(0, BASE64, 512)));
    swallowing.left -= run;
    look.isStarved = false;
    return run;
  }

  private found(length: number, output: string, swallowing?: Swallowing): Edit {
    this.swallowing = swallowing;
    this.onFound();
    return { length, output };
  }
}

function startsWith(look: Lookahead, text: string, from = 0): boolean {
  for (let at = 0; at < text.length; at += 1) if (look.at(from + at) !== text[at]) return false;
  return true;
}
