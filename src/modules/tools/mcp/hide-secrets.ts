import type { Secret } from '../../../config/secret.js';

const HIDDEN = '[redacted]';
/** Shorter ones would be found in any text. */
const MIN_LENGTH = 6;

/** Takes secrets out of a text that comes from where they were sent to, also as they look in URLs, JSON and base64. */
export function hideSecrets(secrets: readonly Secret[]): (text: string) => string {
  const forms = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value.length >= MIN_LENGTH)
    .flatMap((value) => [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      Buffer.from(value).toString('base64url'),
    ]);
  const different = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => different.reduce((clean, form) => clean.replaceAll(form, HIDDEN), text);
}
