const PAIRS: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
  ['「', '」'],
  ['`', '`'],
  ['‘', '’'],
]);
const MAX_QUOTE = 400;
const MARKS = new RegExp(`[${[...PAIRS.keys()].join('')}]|(?<=^|[\\s(])'`, 'g');

/** Which parts of a text are quoted, or code: `[start, end)` by turns, in order. */
export function quotedSpans(text: string): Int32Array {
  const spans: number[] = [];
  let after = 0;
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    if (index < after) continue;
    const closing = PAIRS.get(mark) ?? "'";
    const within = text.slice(index + 1, index + 1 + MAX_QUOTE);
    const length = within.indexOf(closing);
    if (length < 1) continue;
    after = index + length + 2;
    spans.push(index, after);
  }
  return Int32Array.from(spans);
}

/** `spans` as of `quotedSpans`. */
export function isQuoted(spans: Int32Array, offset: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}
