import type { DestinationVerdict } from '../../tools/index.js';
import { decodedForms } from './decoded-forms.js';
import type { KnownText } from './known-text.js';

/** As long as a piece has to be before it counts as carried out: shorter ones are words that anybody uses. */
const LEAST_SECRET = 24;
/** Parts of an address as short as this say nothing. */
const LEAST_PIECE = 2;

/**
 * What an address that the model wrote may carry. One that stands somewhere as it is, or whose every part strangers wrote,
 * carries nothing: it was all there before anything private was read. `trustedHosts` are the operator's.
 */
export function judgeDestination(
  destination: string,
  known: KnownText,
  trustedHosts: readonly string[],
): DestinationVerdict {
  const url = URL.canParse(destination) ? new URL(destination) : undefined;
  // What is no address goes nowhere.
  if (!url) return 'composed';
  if (isTrusted(url.hostname, trustedHosts)) return 'known';
  const asWritten = [destination, url.href];
  if (asWritten.some((form) => includes([...known.strangers, ...known.user], form))) return 'known';
  const isMadeOfKnownParts = [url.host, ...partsOf(url)].every(
    (part) => part.length < LEAST_PIECE || includes(known.strangers, part),
  );
  if (isMadeOfKnownParts && url.username === '' && url.password === '') return 'known';
  return carriesSecret(destination, known.secret) ? 'leaks' : 'composed';
}

/** `*.example.com` stands for all hosts below it. */
export function isTrusted(host: string, trustedHosts: readonly string[]): boolean {
  return trustedHosts.some((trusted) =>
    trusted.startsWith('*.') ? host.endsWith(trusted.slice(1)) : host === trusted,
  );
}

function partsOf({ pathname, searchParams, hash }: URL): string[] {
  return [...pathname.split('/'), ...[...searchParams].flat(), hash.slice(1)];
}

function includes(texts: readonly string[], piece: string): boolean {
  return texts.some((text) => text.includes(piece));
}

/** Whether any form of the address shares so many characters in a row with a secret; space and case do not count. */
function carriesSecret(destination: string, secrets: readonly string[]): boolean {
  const pieces = new Set<string>();
  for (const form of decodedForms(destination)) {
    const text = condensed(form);
    for (let at = 0; at + LEAST_SECRET <= text.length; at += 1) pieces.add(text.slice(at, at + LEAST_SECRET));
  }
  if (pieces.size === 0) return false;
  return secrets.some((secret) => {
    const text = condensed(secret);
    for (let at = 0; at + LEAST_SECRET <= text.length; at += 1) {
      if (pieces.has(text.slice(at, at + LEAST_SECRET))) return true;
    }
    return false;
  });
}

function condensed(text: string): string {
  return text.toLowerCase().replace(/\s+/g, '');
}
