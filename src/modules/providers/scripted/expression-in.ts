/** Word sums and what they mean; `a` and `b` are numbers. */
const SPOKEN: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/(\d+(?:\.\d+)?)\s*(?:%|percent)\s+of\s+/gi, '$1 / 100 * '],
  [/\badd\s+(-?[\d.]+)\s+(?:and|to)\s+(-?[\d.]+)/gi, '$1 + $2'],
  [/\bsubtract\s+(-?[\d.]+)\s+from\s+(-?[\d.]+)/gi, '$2 - $1'],
  [/\bmultiply\s+(-?[\d.]+)\s+(?:by|and|with)\s+(-?[\d.]+)/gi, '$1 * $2'],
  [/\bdivide\s+(-?[\d.]+)\s+by\s+(-?[\d.]+)/gi, '$1 / $2'],
  [/\bsum of\s+(-?[\d.]+)\s+and\s+(-?[\d.]+)/gi, '$1 + $2'],
  [/\bproduct of\s+(-?[\d.]+)\s+and\s+(-?[\d.]+)/gi, '$1 * $2'],
  [/\b(?:the\s+)?square root of\s+(\d+(?:\.\d+)?)/gi, 'sqrt($1)'],
  [/(\d)\s+plus\s+(?=[\d(-])/gi, '$1 + '],
  [/(\d)\s+minus\s+(?=[\d(-])/gi, '$1 - '],
  [/(\d)\s+(?:times|multiplied by)\s+(?=[\d(-])/gi, '$1 * '],
  [/(\d)\s+(?:divided by|over)\s+(?=[\d(-])/gi, '$1 / '],
  [/([\d)])\s+to the power of\s+(?=[\d(-])/gi, '$1 ^ '],
  [/(\d)\s+(?:mod|modulo)\s+(?=[\d(-])/gi, '$1 % '],
  [/(\d)\s*x\s*(?=\d)/gi, '$1 * '],
];

const FUNCTIONS = 'sqrt|cbrt|abs|sin|cos|tan|log10|log|ln|exp|round|floor|ceil|min|max|factorial';
/** A run of numbers, operators, brackets, functions and constants, at most as long as anybody types. */
const RUN = new RegExp(
  `(?:\\b(?:${FUNCTIONS})\\b\\s*(?=\\()|\\bpi\\b|[\\d.]+(?:e[+-]?\\d+)?|[-+*/^%(),\\s])+`,
  'gi',
);
const IS_SUM = new RegExp(`[\\d)]\\s*[-+*/^%]\\s*[-\\d(a-z]|\\b(?:${FUNCTIONS})\\s*\\(`, 'i');
/** Dates and versions look like sums without being any. */
const IS_DATE_OR_VERSION = /^\d{4}-\d{1,2}-\d{1,2}$|^\d{1,2}\/\d{1,2}\/\d{2,4}$|\d\.\d+\.\d/;
/** 24/7, 555-1234, 2020-2021: sums only for somebody who asks for one. */
const IS_AMBIGUOUS = /^\d+[-/]\d+$/;
const ASKS_FOR_SUM = /\b(?:what(?:'s| is| are)|how much|calculate|compute|evaluate|solve|result of)\b|=/i;
const ADDRESS = /\bhttps?:\/\/\S+/gi;
const MAX_TEXT = 2_000;

/** The arithmetic in a sentence, as the calculator takes it; `undefined` when there is none. */
export function expressionIn(text: string): string | undefined {
  if (text.length > MAX_TEXT) return undefined;
  let plain = text
    .replace(ADDRESS, ' ')
    .replace(/[×·]/g, '*')
    .replace(/÷/g, '/')
    .replace(/[−–]/g, '-')
    .replace(/\*\*/g, '^');
  // Thousands separators: 1,000 is one number, while "max(1, 2)" keeps its comma.
  plain = plain.replace(/(?<=\b\d{1,3})(?:,\d{3})+\b/g, (groups) => groups.replaceAll(',', ''));
  for (const [pattern, replacement] of SPOKEN) plain = plain.replace(pattern, replacement);
  const asks = ASKS_FOR_SUM.test(text);
  const isAlone = (run: string): boolean => plain.replace(/[\s?.!]+/g, '') === run;
  const sums = (plain.match(RUN) ?? [])
    .map(trimSum)
    .filter((run) => IS_SUM.test(run) && !IS_DATE_OR_VERSION.test(run))
    .filter((run) => asks || !IS_AMBIGUOUS.test(run) || isAlone(run));
  return sums.sort((a, b) => b.length - a.length)[0];
}

function trimSum(run: string): string {
  let sum = run.replace(/\s+/g, ' ').trim();
  sum = sum.replace(/^[*/^%,.)\s]+/, '').replace(/[-+*/^,.(\s]+$/, '');
  const opened = sum.split('(').length;
  const closed = sum.split(')').length;
  if (opened < closed) sum = sum.replace(new RegExp(`(?:\\)\\s*){${closed - opened}}$`), '');
  if (opened > closed) sum = sum.replace(new RegExp(`^(?:\\(\\s*){${opened - closed}}`), '');
  return sum.trim();
}
