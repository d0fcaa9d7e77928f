import { type Token, Tokenizer, TypeGuards } from 'liquidjs';
import { isSafeText } from '../../../../shared/http/text-safety.js';
import { ALLOWED_FILTERS, ENGINE } from './template-engine.js';
import type { TemplateFaults } from './template-faults.js';

/** Also bounds how deep brackets can be nested. */
export const MAX_EXPRESSION_CHARACTERS = 1_000;
const MAX_FILTERS = 8;

const VARIABLE_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;
/** Words of the language, and names that mean something to every object of the runtime. */
const NO_NAMES: ReadonlySet<string> = new Set([
  ...['true', 'false', 'nil', 'null', 'empty', 'blank', 'and', 'or', 'not', 'contains'],
  ...['constructor', 'prototype'],
]);

export function isVariableName(name: string): boolean {
  return VARIABLE_NAME.test(name) && !NO_NAMES.has(name);
}

/**
 * Checks what stands in `{{ … }}` and behind `if`, `elsif`, `unless` and `case`: one comparison of variables and literals,
 * with filters. The language itself reads over what it does not understand; here that is a fault. `onVariable` is told
 * of each variable.
 */
export class ExpressionPolicy {
  constructor(
    private readonly faults: TemplateFaults,
    private readonly onVariable: (name: string, token: Token) => void,
  ) {}

  /** `range`: where it stands in the template. */
  check(source: string, range: [number, number], whole: Token): void {
    const tokenizer = this.tokenizerFor(source, range, whole);
    if (!tokenizer) return;
    const { initial, filters } = tokenizer.readFilteredValue();
    this.checkRest(tokenizer, whole);
    let operands = 0;
    for (const token of initial.postfix) {
      if (!TypeGuards.isOperatorToken(token)) {
        operands += 1;
        this.checkOperand(token);
      } else if (token.operator !== 'not') operands -= 1;
    }
    if (operands !== 1) this.faults.add(whole, 'is not one expression');
    if (filters.length > MAX_FILTERS) this.faults.add(whole, `has more than ${MAX_FILTERS} filters`);
    for (const filter of filters) {
      if (!ALLOWED_FILTERS.includes(filter.name)) {
        this.faults.add(
          filter,
          `the filter "${filter.name}" is not allowed; there are ${list(ALLOWED_FILTERS)}`,
        );
      }
      for (const argument of filter.args) {
        const value = Array.isArray(argument) ? argument[1] : argument;
        if (value) this.checkOperand(value);
      }
    }
  }

  /** The values behind `when`, separated by commas or `or`. */
  checkValues(source: string, range: [number, number], whole: Token): void {
    const tokenizer = this.tokenizerFor(source, range, whole);
    if (!tokenizer) return;
    for (;;) {
      this.checkOperand(tokenizer.readValueOrThrow());
      tokenizer.skipBlank();
      if (tokenizer.peek() === ',') {
        tokenizer.advance();
        continue;
      }
      const operator = tokenizer.readOperator();
      if (!operator) break;
      if (operator.operator !== 'or') this.faults.add(operator, 'values are separated by commas or "or"');
    }
    this.checkRest(tokenizer, whole);
  }

  private tokenizerFor(source: string, range: [number, number], whole: Token): Tokenizer | undefined {
    if (range[1] - range[0] <= MAX_EXPRESSION_CHARACTERS) {
      return new Tokenizer(source, ENGINE.options.operators, undefined, range);
    }
    this.faults.add(whole, `has more than ${MAX_EXPRESSION_CHARACTERS} characters`);
    return undefined;
  }

  private checkRest(tokenizer: Tokenizer, whole: Token): void {
    tokenizer.skipBlank();
    if (!tokenizer.end()) this.faults.add(whole, `${tokenizer.snapshot()} is not understood`);
  }

  private checkOperand(token: Token): void {
    if (TypeGuards.isNumberToken(token) || TypeGuards.isLiteralToken(token)) return;
    if (TypeGuards.isQuotedToken(token)) {
      const text = token.getText();
      if (text.length < 2 || text.at(-1) !== text[0]) this.faults.add(token, 'the text has no end');
      else if (!isSafeText(token.content))
        this.faults.add(token, 'the text has characters that are not allowed');
    } else if (TypeGuards.isRangeToken(token)) {
      this.faults.add(token, 'ranges are not allowed');
    } else if (TypeGuards.isPropertyAccessToken(token)) {
      const [name, ...more] = token.props;
      if (token.variable || more.length > 0 || !TypeGuards.isWordToken(name)) {
        this.faults.add(
          token,
          'parts of a value cannot be read: a variable is a text, a number, a boolean or a list',
        );
      } else if (!isVariableName(name.content)) {
        this.faults.add(token, `${JSON.stringify(name.content)} is not a name that a variable may have`);
      } else this.onVariable(name.content, token);
    } else {
      this.faults.add(token, 'is not understood');
    }
  }
}

export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}
