/**
 * What has no business in a name or a description: control and format characters (bidirectional overrides, zero widths,
 * tags), private use, lone surrogates, and the variation selectors that can carry hidden bytes.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/gu;

/** A stranger's text as a person would see it: hidden characters gone, line breaks kept, cut to `maxLength`. */
export function cleanText(text: string, maxLength: number): string {
  // Cut first: nobody has to look through ten megabytes for the sake of what is thrown away.
  const cut = text.length > maxLength ? `${text.slice(0, maxLength).toWellFormed()}…` : text;
  return cut
    .replaceAll('\r\n', '\n')
    .replace(UNSEEN, (character) => (character === '\n' || character === '\t' ? character : ''))
    .trim();
}

/** True for a text in which nothing is hidden. */
export function isPlain(text: string): boolean {
  return text.search(UNSEEN) === -1;
}
