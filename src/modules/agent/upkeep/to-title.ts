const MAX_TITLE = 80;

/** What a model answered as one short line of visible text, without the quotes and headings that models like. */
export function toTitle(answer: string): string {
  const line =
    answer
      .split('\n')
      .map((text) => text.trim())
      .find((text) => text !== '') ?? '';
  const plain = line
    .replace(/\p{C}+/gu, ' ')
    .replace(/^(#+\s*|title:\s*)+/iu, '')
    .replace(/^["'“”„«»‘’*_`\s]+|["'“”„«»‘’*_`\s.]+$/gu, '')
    .replace(/\s+/gu, ' ');
  return [...plain].slice(0, MAX_TITLE).join('').trim();
}
