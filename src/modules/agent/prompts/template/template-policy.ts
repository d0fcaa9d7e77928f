import { LiquidError, type TagToken, type Token, Tokenizer, type TopLevelToken, TypeGuards } from 'liquidjs';
import { ExpressionPolicy, MAX_EXPRESSION_CHARACTERS } from './expression-policy.js';
import { ENGINE } from './template-engine.js';
import { placeOf, TemplateFaults } from './template-faults.js';

const MAX_TOKENS = 2_000;
const MAX_DEPTH = 16;
const MAX_VARIABLES = 64;

export interface TemplateReading {
  /** Empty: it may be saved. */
  readonly faults: readonly string[];
  /** Every variable that it uses, with the place where it is first used. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Reads a template token by token, before the language makes anything of it. */
export function readTemplate(source: string): TemplateReading {
  const reader = new TemplateReader(source);
  reader.read();
  return { faults: reader.faults.all, variables: reader.variables };
}

interface Block {
  readonly token: TagToken;
  hasElse: boolean;
}

const BLOCKS = new Set(['if', 'unless', 'case']);

class TemplateReader {
  readonly faults = new TemplateFaults();
  readonly variables = new Map<string, string>();
  private readonly open: Block[] = [];
  private comment: Token | undefined;
  private readonly expressions = new ExpressionPolicy(this.faults, (name, token) => this.use(name, token));

  constructor(private readonly source: string) {}

  read(): void {
    const tokens = this.attempt(() => new Tokenizer(this.source).readTopLevelTokens(ENGINE.options)) ?? [];
    if (tokens.filter((token) => !TypeGuards.isHTMLToken(token)).length > MAX_TOKENS) {
      this.faults.addOf(`has more than ${MAX_TOKENS} tags and outputs`);
      return;
    }
    for (const token of tokens) this.attempt(() => this.check(token));
    if (this.comment) this.faults.add(this.comment, 'the comment is not closed');
    for (const { token } of this.open) this.faults.add(token, `"${token.name}" is not closed`);
  }

  private check(token: TopLevelToken): void {
    if (TypeGuards.isHTMLToken(token)) return;
    if (this.comment) {
      if (TypeGuards.isTagToken(token) && token.name === 'endcomment') this.comment = undefined;
    } else if (TypeGuards.isTagToken(token)) this.checkTag(token);
    else this.expressions.check(this.source, token.contentRange, token);
  }

  private checkTag(token: TagToken): void {
    const range: [number, number] = [token.tokenizer.p, token.contentRange[1]];
    const block = this.open.at(-1);
    switch (token.name) {
      case 'if':
      case 'unless':
      case 'case':
        this.expressions.check(this.source, range, token);
        if (this.open.length === MAX_DEPTH) this.faults.add(token, `is nested deeper than ${MAX_DEPTH}`);
        this.open.push({ token, hasElse: false });
        break;
      case 'elsif':
        this.expectBranch(token, block, block?.token.name !== 'case');
        this.expressions.check(this.source, range, token);
        break;
      case 'when':
        this.expectBranch(token, block, block?.token.name === 'case');
        this.expressions.checkValues(this.source, range, token);
        break;
      case 'else':
        this.expectBranch(token, block, true);
        this.expectNothing(token);
        if (block) block.hasElse = true;
        break;
      case 'comment':
        this.comment = token;
        break;
      case '#':
        // The language looks for line breaks in it with a pattern that takes for ever.
        if (token.args.length > MAX_EXPRESSION_CHARACTERS || token.args.includes('\n'))
          this.faults.add(token, 'a longer comment is written as {% comment %}…{% endcomment %}');
        break;
      default:
        this.checkEnd(token, block);
    }
  }

  private checkEnd(token: TagToken, block: Block | undefined): void {
    const { name } = token;
    if (!name.startsWith('end') || !BLOCKS.has(name.slice(3))) {
      this.faults.add(token, `the tag "${name}" is not allowed; there are if, unless, case and comment`);
    } else if (block?.token.name !== name.slice(3)) {
      this.faults.add(token, `"${name}" closes nothing here`);
    } else {
      this.expectNothing(token);
      this.open.pop();
    }
  }

  private expectBranch(token: TagToken, block: Block | undefined, fits: boolean): void {
    if (!block || block.hasElse || !fits) this.faults.add(token, `"${token.name}" is out of place`);
  }

  private expectNothing(token: TagToken): void {
    if (token.args !== '') this.faults.add(token, `"${token.name}" takes nothing`);
  }

  private use(name: string, token: Token): void {
    if (this.variables.has(name)) return;
    if (this.variables.size === MAX_VARIABLES)
      this.faults.add(token, `has more than ${MAX_VARIABLES} variables`);
    else this.variables.set(name, placeOf(token));
  }

  /** What the language cannot read is a fault of the template. */
  private attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof LiquidError)) throw error;
      const { token } = error as LiquidError & { readonly token: Token };
      this.faults.add(token, error.message.replace(/, line:\d+, col:\d+$/, ''));
      return undefined;
    }
  }
}
