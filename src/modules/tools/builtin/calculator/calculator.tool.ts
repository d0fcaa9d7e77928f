import { z } from 'zod';
import { defineTool } from '../../define-tool.js';
import { evaluateExpression } from './evaluate-expression.js';

const MAX_LENGTH = 500;

export const calculatorTool = defineTool({
  name: 'calculator',
  description:
    'Evaluates an arithmetic expression exactly. Use it for every calculation. Knows + - * / % (modulo) ^, parentheses, ' +
    'pi, e, sqrt, abs, round, floor, ceil, min, max, log, ln, log10, exp, sin, cos, tan, factorial. ' +
    'Percentages: "12.5 / 100 * 840".',
  input: z.strictObject({
    expression: z.string().min(1).max(MAX_LENGTH).describe('For example "(3 + 4) * 2".'),
  }),
  sideEffect: 'read',
  isIdempotent: true,
  timeoutMs: 1_000,
  execute: ({ expression }) => ({ value: evaluateExpression(expression) }),
});
