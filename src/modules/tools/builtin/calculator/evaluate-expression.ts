import jsep, { type CoreExpression, type Expression } from 'jsep';
import { ToolError } from '../../tool.js';

const MAX_NODES = 200;
const MAX_DEPTH = 50;
/** Beyond it a factorial is no finite number any more. */
const MAX_FACTORIAL = 170;
/** Doubles carry 15 decimal digits; what lies behind them is the noise that makes 0.1 + 0.2 look wrong. */
const SIGNIFICANT_DIGITS = 15;

const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
]);

type Binary = (a: number, b: number) => number;

const BINARY: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => divide(a, b)],
  ['%', (a, b) => modulo(a, b)],
  ['^', (a, b) => Math.pow(a, b)],
]);

/** Takes as many operands as `least` and `most` say. */
interface MathFunction {
  readonly least: number;
  readonly most: number;
  readonly operation: (...operands: [number, ...number[]]) => number;
}

const ofOne = (operation: (a: number) => number): MathFunction => ({ least: 1, most: 1, operation });
const ofTwo = (operation: Binary): MathFunction => ({
  least: 2,
  most: 2,
  operation: (a, b = NaN) => operation(a, b),
});
const ofMany = (operation: (...operands: number[]) => number): MathFunction => ({
  least: 1,
  most: 50,
  operation,
});

const FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map(
  Object.entries({
    sqrt: ofOne(Math.sqrt),
    cbrt: ofOne(Math.cbrt),
    abs: ofOne(Math.abs),
    floor: ofOne(Math.floor),
    ceil: ofOne(Math.ceil),
    sign: ofOne(Math.sign),
    exp: ofOne(Math.exp),
    ln: ofOne(Math.log),
    log10: ofOne(Math.log10),
    log2: ofOne(Math.log2),
    sin: ofOne(Math.sin),
    cos: ofOne(Math.cos),
    tan: ofOne(Math.tan),
    asin: ofOne(Math.asin),
    acos: ofOne(Math.acos),
    atan: ofOne(Math.atan),
    sinh: ofOne(Math.sinh),
    cosh: ofOne(Math.cosh),
    tanh: ofOne(Math.tanh),
    factorial: ofOne(factorial),
    atan2: ofTwo(Math.atan2),
    pow: ofTwo(Math.pow),
    mod: ofTwo(modulo),
    gcd: ofTwo(gcd),
    min: ofMany(Math.min),
    max: ofMany(Math.max),
    hypot: ofMany(Math.hypot),
    log: {
      least: 1,
      most: 2,
      operation: (a, base) => Math.log(a) / (base === undefined ? 1 : Math.log(base)),
    },
    round: { least: 1, most: 2, operation: (a, digits = 0) => round(a, digits) },
  }),
);

/** A grouping parenthesis is parsed as a call of this name, so that `(-2)^2` and `-2^2` stay different trees. */
const GROUP = '_';

jsep.removeAllBinaryOps();
jsep.removeAllUnaryOps();
jsep.addBinaryOp('+', 1);
jsep.addBinaryOp('-', 1);
jsep.addBinaryOp('*', 2);
jsep.addBinaryOp('/', 2);
jsep.addBinaryOp('%', 2);
jsep.addBinaryOp('^', 3, true);
jsep.addUnaryOp('-');
jsep.addUnaryOp('+');
jsep.removeAllLiterals();

/**
 * Evaluates arithmetic by walking its syntax tree; nothing is compiled and nothing outside the tables above can be named.
 * Understands `12.5% * 840` and `12.5% of 840`. Throws ToolError for whatever is no finite number.
 */
export function evaluateExpression(expression: string): number {
  let tree: Expression;
  try {
    tree = jsep(normalize(expression));
  } catch {
    throw new ToolError(
      'syntax_error',
      'This is not an arithmetic expression. Example: "(3 + 4) * 12.5 / 100".',
    );
  }
  const value = evaluate(tree, { nodes: 0 }, 0);
  if (!Number.isFinite(value)) throw new ToolError('not_finite', 'The result is not a finite number.');
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

function normalize(expression: string): string {
  return (
    expression
      .replaceAll('×', '*')
      .replaceAll('÷', '/')
      .replaceAll('−', '-')
      .replaceAll('**', '^')
      .replace(/(\d+(?:\.\d+)?|\.\d+)\s*%\s*of\b/gi, '$1% * ')
      .replace(/(\d+(?:\.\d+)?|\.\d+)\s*%(?=\s*(?:$|[-+*/^),]))/g, '($1/100)')
      .replace(/(^|[^A-Za-z0-9_])\(/g, `$1${GROUP}(`)
      // Once more: the expression above consumes the character before, so `((` needs two passes.
      .replace(/(^|[^A-Za-z0-9_])\(/g, `$1${GROUP}(`)
  );
}

function evaluate(node: Expression, budget: { nodes: number }, depth: number): number {
  budget.nodes += 1;
  if (budget.nodes > MAX_NODES || depth > MAX_DEPTH) {
    throw new ToolError('too_complex', 'The expression is too long.');
  }
  const next = (child: Expression): number => evaluate(child, budget, depth + 1);
  if (is(node, 'Literal')) {
    if (typeof node.value === 'number') return node.value;
    throw notSupported('text');
  }
  if (is(node, 'Identifier')) {
    const constant = CONSTANTS.get(node.name.toLowerCase());
    if (constant === undefined) throw notSupported(`the name ${node.name.slice(0, 30)}`);
    return constant;
  }
  if (is(node, 'UnaryExpression')) return node.operator === '-' ? -next(node.argument) : next(node.argument);
  if (is(node, 'BinaryExpression')) {
    const operation = BINARY.get(node.operator);
    if (!operation) throw notSupported(node.operator);
    // The sign belongs to the power, as everywhere in mathematics: -2^2 is -4.
    if (node.operator === '^' && is(node.left, 'UnaryExpression')) {
      const power = operation(next(node.left.argument), next(node.right));
      return node.left.operator === '-' ? -power : power;
    }
    return operation(next(node.left), next(node.right));
  }
  if (is(node, 'CallExpression')) {
    const name = is(node.callee, 'Identifier') ? node.callee.name : '';
    const [first, ...rest] = node.arguments;
    if (name === GROUP && first && rest.length === 0) return next(first);
    const known = FUNCTIONS.get(name.toLowerCase());
    if (!known || !first || 1 + rest.length < known.least || 1 + rest.length > known.most) {
      throw notSupported(`the function ${name.slice(0, 30)}`);
    }
    return known.operation(next(first), ...rest.map(next));
  }
  throw notSupported('that');
}

/** Narrows a node to the type that its name stands for. */
function is<Name extends CoreExpression['type']>(
  node: Expression,
  type: Name,
): node is Extract<CoreExpression, { type: Name }> {
  return node.type === type;
}

function notSupported(what: string): ToolError {
  return new ToolError(
    'not_supported',
    `The calculator does not know ${what}. It takes numbers, + - * / % ^, parentheses, pi, e and functions such as sqrt, log, round, min, max.`,
  );
}

function divide(a: number, b: number): number {
  if (b === 0) throw new ToolError('division_by_zero', 'Division by zero.');
  return a / b;
}

/** The sign follows the divisor, as in mathematics and spreadsheets. */
function modulo(a: number, b: number): number {
  if (b === 0) throw new ToolError('division_by_zero', 'Division by zero.');
  return a - b * Math.floor(a / b);
}

/** Half away from zero, on the decimal digits: 2.345 to two places is 2.35. */
function round(value: number, digits: number): number {
  if (!Number.isInteger(digits) || Math.abs(digits) > 15) {
    throw new ToolError('out_of_range', 'round takes a whole number of digits from -15 to 15.');
  }
  const [mantissa, exponent = '0'] = Math.abs(value).toString().split('e');
  const scaled = Math.round(Number(`${mantissa}e${Number(exponent) + digits}`));
  const [whole, power = '0'] = scaled.toString().split('e');
  return Math.sign(value) * Number(`${whole}e${Number(power) - digits}`);
}

function factorial(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > MAX_FACTORIAL) {
    throw new ToolError('out_of_range', `A factorial takes a whole number from 0 to ${MAX_FACTORIAL}.`);
  }
  let product = 1;
  for (let factor = 2; factor <= n; factor += 1) product *= factor;
  return product;
}

function gcd(a: number, b: number): number {
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b))
    throw new ToolError('out_of_range', 'gcd takes whole numbers.');
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
