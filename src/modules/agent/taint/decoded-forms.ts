/*
 * What an address may say in other words: each of its forms is compared with what must not leave. Not complete, and need
 * not be: an address that the model has put together waits for a person anyway.
 */

const ENCODED = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
const HEX = /(?:[0-9a-fA-F]{2}){8,}/g;
const MAX_ROUNDS = 3;

/** The text itself, percent-decoded as often as that changes it, and what is Base64 or hexadecimal in it. */
export function decodedForms(text: string): string[] {
  const forms = [text];
  let current = text;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const decoded = percentDecoded(current).replaceAll('+', ' ');
    if (decoded === current) break;
    forms.push((current = decoded));
  }
  for (const form of [...forms]) {
    for (const [piece] of form.matchAll(ENCODED)) forms.push(Buffer.from(piece, 'base64').toString('utf8'));
    for (const [piece] of form.matchAll(HEX)) forms.push(Buffer.from(piece, 'hex').toString('utf8'));
  }
  return forms;
}

/** Sequences that are no UTF-8 stay as they are. */
function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (sequence) => {
    try {
      return decodeURIComponent(sequence);
    } catch {
      return sequence;
    }
  });
}
