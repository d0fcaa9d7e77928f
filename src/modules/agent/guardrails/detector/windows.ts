import type { Origin } from './guardrail-model.js';

/** What a user writes is of one piece; in a page of a stranger's one sentence may be meant for the reader. */
const WINDOWS: Readonly<Record<Origin, { readonly length: number; readonly stride: number }>> = {
  user: { length: 1600, stride: 1200 },
  tool: { length: 480, stride: 320 },
};

/** A long text in parts that overlap: each is judged alone, and the worst one counts. */
export function windowsOf(text: string, origin: Origin): string[] {
  const { length, stride } = WINDOWS[origin];
  if (text.length <= length) return [text];
  const parts: string[] = [];
  for (let start = 0; start === 0 || start + (length - stride) < text.length; start += stride) {
    parts.push(text.slice(start, start + length));
  }
  return parts;
}
