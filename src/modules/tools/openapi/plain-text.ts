/** One line or a few of it: no control or invisible characters, at most `maxLength` long. */
export function plainText(text: string, maxLength: number): string {
  const plain = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, (gap) => (gap.includes('\n') ? '\n' : ' '))
    .trim();
  return plain.length <= maxLength ? plain : `${plain.slice(0, maxLength - 1).toWellFormed()}…`;
}
