export const WINDOW_LENGTH = 1600;
const STRIDE = 1200;

/** A long text in parts that overlap: each is judged alone, and the worst one counts. */
export function windowsOf(text: string): string[] {
  if (text.length <= WINDOW_LENGTH) return [text];
  const parts: string[] = [];
  for (let start = 0; start === 0 || start + (WINDOW_LENGTH - STRIDE) < text.length; start += STRIDE) {
    parts.push(text.slice(start, start + WINDOW_LENGTH));
  }
  return parts;
}
