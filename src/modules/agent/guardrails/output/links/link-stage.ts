import { BufferedStage, type Edit } from '../buffered-stage.js';
import type { Lookahead } from '../lookahead.js';
import { filterWhole } from '../text-stage.js';
import { holdsForbidden, type IsAllowed, isForbidden } from './forbidden-url.js';
import { type Address, readAddressBehind, readKnownAddress } from './read-address.js';
import { isReference, readAttribute } from './read-attribute.js';
import { hasManyBlanks, skipBlanks } from './read-blanks.js';
import { readDestination, readReference } from './read-destination.js';
import { TagScan } from './tag-scan.js';

/** What loads by itself when an answer is shown, and what somebody has to click on. */
export type LinkKind = 'image' | 'link';

export interface LinkPolicy {
  readonly isAllowed: IsAllowed;
  /** Kinds that lose forbidden addresses. */
  readonly kinds: ReadonlySet<LinkKind>;
}

/** Without anything in it that Markdown or HTML would understand, and without the host: a host can carry data too. */
export const LINK_REMOVED = '(link removed)';

const BOUND = 6_144;
const MAX_LABEL = 600;
const MAX_DEPTH = 8;
const MAX_SCHEME = 32;
const IN_TEXT = /[!\]([<]/g;
const WITH_ADDRESSES = /[!\]([<:&：]|[hfwｈｆｗ]/gi;
/** These lead somewhere only when somebody clicks, if their tag is one for clicking. */
const CLICKED = /^(href|action|formaction|ping|cite|xlink:href)$/;

type Swallowing = 'space' | 'wider' | 'destination' | 'angle' | '"' | "'" | 'value';

const ENDS: Readonly<Record<Swallowing, RegExp>> = {
  space: /[\s<>"`]/,
  wider: /[\s<]/,
  destination: /[\s)]/,
  angle: /[\n>]/,
  '"': /"/,
  "'": /'/,
  value: /[\s>]/,
};
/** What ends a swallowed value and is a part of it. */
const IS_TAKEN = new Set<Swallowing>(['"', "'"]);

/**
 * Takes the address from links, images and everything else that leads to a host which is not allowed. It goes by the places
 * where an address can stand, not by whole constructs, so that half a construct does not get through either.
 */
export class LinkStage extends BufferedStage {
  private swallowing: Swallowing | undefined;
  private tag: TagScan | undefined;
  /** Between `<style>` and the end. */
  private hasStyles = false;
  /** What loads a string was said in a style: it may be any that follows, whatever stands between them. */
  private hasLoadingStrings = false;
  /** An image has begun whose address may come anywhere later. */
  private isImageOpen = false;
  /** So many characters belong to an address that is allowed. */
  private vouched = 0;
  /** Since an address that is allowed nothing was said that ends one for every reader. */
  private isBehindAddress = false;
  private readonly places: RegExp;

  constructor(
    private readonly policy: LinkPolicy,
    private readonly onFound: (kind: LinkKind) => void,
  ) {
    super(BOUND, 40);
    this.places = new RegExp(policy.kinds.has('link') ? WITH_ADDRESSES : IN_TEXT);
  }

  protected get isSwallowing(): boolean {
    return this.swallowing !== undefined;
  }

  protected nextPlace(text: string, from: number): number {
    if (this.tag || this.hasStyles) return from;
    this.places.lastIndex = from;
    return this.places.exec(text)?.index ?? text.length;
  }

  protected override passed(text: string): void {
    if (/\s/.test(text.slice(this.vouched))) this.isBehindAddress = false;
    this.vouched = Math.max(0, this.vouched - text.length);
    if (this.hasStyles && /(@import|image-set)$/i.test(this.tail)) this.hasLoadingStrings = true;
    this.passInTag(text);
  }

  protected decide(look: Lookahead): Edit | undefined {
    const first = look.at(0);
    switch (first) {
      case '!':
        return look.at(1) === '[' ? this.bracket(look, 1, 'image') : undefined;
      case '[':
        return this.bracket(look, 0, 'link');
      case ']':
        return look.at(1) === ':' ? this.definition(look) : undefined;
      case '(':
        return this.parenthesis(look);
      case '<':
        return this.angle(look);
      case '"':
      case "'":
        return this.hasLoadingStrings ? this.parenthesis(look) : undefined;
    }
    const attribute = this.tag && /[\s"'/]/.test(this.previous) ? this.attribute(look) : undefined;
    return attribute ?? (this.policy.kinds.has('link') ? this.address(look, first) : undefined);
  }

  protected swallow(look: Lookahead): number | undefined {
    const kind = this.swallowing!;
    const end = ENDS[kind];
    for (let at = 0; at < BOUND - 1; at += 1) {
      const character = look.at(at);
      if (character === '') {
        if (at > 0) look.isStarved = false;
        else if (!look.isStarved) this.swallowing = undefined;
        return at > 0 ? at : undefined;
      }
      if (!end.test(character)) continue;
      const length = IS_TAKEN.has(kind) ? at + 1 : at;
      this.swallowing = undefined;
      return length > 0 ? length : undefined;
    }
    return BOUND - 1;
  }

  /** `[label](address)`: without its address only the label is left, which is looked at again. */
  private bracket(look: Lookahead, open: number, kind: LinkKind): Edit | undefined {
    const close = readLabel(look, open);
    if (look.isStarved) return undefined;
    if (close !== undefined && look.at(close + 1) === '(') {
      if (this.policy.kinds.has(kind) && hasManyBlanks(look, close + 2))
        return this.withoutBlanks(look, close + 2);
      const { reference, end, isLong } = readDestination(look, close + 1);
      if (look.isStarved) return undefined;
      // Not vouched for: to other readers it may be no link, and then each address in it is one.
      if (!this.forbids(reference, kind, isLong)) return undefined;
      const label = look.slice(open + 1, close);
      if (!isLong) {
        const output = this.apart + label + (/[A-Za-z0-9]/.test(look.at(end)) ? ' ' : '');
        if (look.isStarved) return undefined;
        return this.found(kind, { length: end, output, isLookedAtAgain: true });
      }
      this.swallowing = rest(look, close + 1);
      const output = this.apart + filterWhole(new LinkStage(this.policy, this.onFound), label);
      return this.found(kind, { length: end, output });
    }
    if (look.isStarved) return undefined;
    if (kind === 'image') this.isImageOpen = true;
    return undefined;
  }

  /** `[label]: address`. An image may refer to it from anywhere. */
  private definition(look: Lookahead): Edit | undefined {
    if (hasManyBlanks(look, 2)) return this.withoutBlanks(look, 2);
    const { reference, end, isLong } = readReference(look, skipBlanks(look, 2));
    if (look.isStarved || !this.forbids(reference, 'image', isLong)) return undefined;
    if (isLong) this.swallowing = 'space';
    return this.found('link', { length: end, output: `]: ${LINK_REMOVED}` });
  }

  /** The address of a link whose label was too long to be seen together with it, or that has come about by a removal. */
  private parenthesis(look: Lookahead): Edit | undefined {
    const isStyle =
      this.hasStyles && (look.at(0) !== '(' || /(url|image|src|image-set)\s*$/i.test(this.tail));
    if (!isStyle && !this.tail.endsWith(']')) return undefined;
    const kind = isStyle || this.isImageOpen ? 'image' : 'link';
    const isOpening = look.at(0) === '(';
    if (isOpening && this.policy.kinds.has(kind) && hasManyBlanks(look, 1))
      return this.withoutBlanks(look, 1);
    const { reference, end, isLong } = isOpening ? readDestination(look, 0) : readReference(look, 0);
    if (look.isStarved || !this.forbids(reference, kind, isLong)) return undefined;
    if (isLong) this.swallowing = rest(look, 0);
    return this.found(kind, { length: end, output: '()' });
  }

  private angle(look: Lookahead): Edit | undefined {
    if (!/[A-Za-z]/.test(look.at(1))) return undefined;
    const schemeEnd = look.skip(1, /[A-Za-z0-9+.-]/, 1 + MAX_SCHEME);
    if (look.at(schemeEnd) === ':' && schemeEnd > 2) {
      const { reference, end } = readReference(look, 0);
      const isOne = look.at(end - 1) === '>' && !/[\s<]/.test(reference);
      if (look.isStarved) return undefined;
      if (isOne && this.forbids(reference, 'link', false))
        return this.found('link', { length: end, output: this.apart + LINK_REMOVED });
    }
    const nameEnd = look.skip(1, /[^\s/>]/, 41);
    if (look.isStarved) return undefined;
    const name = look.slice(1, nameEnd).toLowerCase();
    if (name === 'style') this.hasStyles = true;
    (this.tag ??= new TagScan()).begin(name);
    return undefined;
  }

  private attribute(look: Lookahead): Edit | undefined {
    const attribute = readAttribute(look);
    if (look.isStarved || !attribute) return undefined;
    if ('blanksFrom' in attribute) return this.withoutBlanks(look, attribute.blanksFrom);
    const { name, value, end, openQuote } = attribute;
    const isClicked = CLICKED.test(name) && this.tag!.isClicked;
    const kind = isClicked ? 'link' : 'image';
    if (!this.policy.kinds.has(kind)) return undefined;
    const { isAllowed } = this.policy;
    const isLong = openQuote !== undefined && look.at(end) !== '';
    const isOut =
      isLong ||
      (isReference(name) && isForbidden(value, isAllowed)) ||
      holdsForbidden(value, isAllowed) ||
      (name === 'style' && value.includes('\\'));
    if (!isOut) return undefined;
    if (openQuote !== undefined) this.swallowing = openQuote === '' ? 'value' : (openQuote as '"' | "'");
    return this.found(kind, { length: end, output: this.apart });
  }

  private address(look: Lookahead, first: string): Edit | undefined {
    if (this.vouched > 0) return undefined;
    let address: Address | undefined;
    if (first === ':' || first === '：') {
      const scheme = /[a-z][a-z0-9+.-]*$/i.exec(this.tail)?.[0];
      address = scheme === undefined ? undefined : readAddressBehind(look, scheme.toLowerCase());
    } else if (first === '&' || !/[A-Za-z0-9]/.test(this.previous)) {
      address = readKnownAddress(look);
    }
    if (look.isStarved || !address) return undefined;
    const { end, isLong, reference, wider } = address;
    const isOut = isForbidden(reference, this.policy.isAllowed);
    if (!isOut && (wider === undefined || !isForbidden(wider, this.policy.isAllowed))) {
      this.vouched = end;
      this.isBehindAddress = true;
      return undefined;
    }
    if (isLong) this.swallowing = 'space';
    if (!isOut) this.swallowing = 'wider';
    return this.found('link', { length: end, output: this.apart + LINK_REMOVED });
  }

  /** Between what is said already and what comes after a removal: together they could be an address, or a secret. */
  private get apart(): string {
    return this.isBehindAddress || /[A-Za-z0-9:/\\.&;@"'\]_=+-]$/.test(this.tail) ? ' ' : '';
  }

  private forbids(reference: string, kind: LinkKind, isLong: boolean): boolean {
    if (!this.policy.kinds.has(kind)) return false;
    if (isForbidden(reference, this.policy.isAllowed)) return true;
    if (!isLong) return false;
    // What is too long to be read is let go only where its beginning says that it stays here.
    const beginning = reference.replace(/\s/g, '');
    return beginning.length < 2 || /^[^/?#]*[:\\]|^\/\//.test(beginning);
  }

  /** What stands behind so many blanks is judged without them: to who shows it they make no difference. */
  private withoutBlanks(look: Lookahead, from: number): Edit {
    this.vouched = 0;
    return { length: skipBlanks(look, from), output: look.slice(0, from), isLookedAtAgain: true };
  }

  private found(kind: LinkKind, edit: Edit): Edit {
    this.vouched = 0;
    // What is said instead is a part of the tag in which it stands.
    if (!edit.isLookedAtAgain) this.passInTag(edit.output);
    this.onFound(kind);
    return edit;
  }

  private passInTag(text: string): void {
    this.tag?.pass(text);
    if (this.tag?.isOver) this.tag = undefined;
  }
}

/** How far the destination goes that opens here and is too long to be read. */
function rest(look: Lookahead, open: number): Swallowing {
  return look.at(skipBlanks(look, open + 1)) === '<' ? 'angle' : 'destination';
}

/** Where the bracket closes that opens here; `undefined`: not on this side of an empty line, or too far away. */
function readLabel(look: Lookahead, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at - open <= MAX_LABEL; at += 1) {
    const character = look.at(at);
    if (character === '') return undefined;
    if (character === '\n' && look.at(at + 1) === '\n') return undefined;
    if (character === '\\') at += 1;
    else if (character === '[' && (depth += 1) > MAX_DEPTH) return undefined;
    else if (character === ']' && (depth -= 1) === 0) return at;
  }
  return undefined;
}
