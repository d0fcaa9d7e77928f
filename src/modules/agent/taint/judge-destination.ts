import type { DestinationVerdict } from '../../tools/index.js';
import { decodedForms } from './decoded-forms.js';
import type { KnownText } from './known-text.js';
import { isLinkedFrom, isSiteIn, isWrittenIn } from './written-address.js';

/**
 * What an address that the model wrote may carry. One that strangers or the user wrote as a whole, or that a page links to,
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
  const isKnown =
    known.user.some((text) => isWrittenIn(text, destination, url)) ||
    known.strangers.some(
      ({ text, page }) =>
        isWrittenIn(text, destination, url) || (page !== undefined && isLinkedFrom(text, page, url)),
    );
  if (isKnown) return 'known';
  return known.secret.isTouchedBy(decodedForms(carriedBy(destination, url, known))) ? 'leaks' : 'composed';
}

/** A site that somebody named is no secret itself, though its name may stand in what is private. */
function carriedBy(destination: string, url: URL, { user, strangers }: KnownText): string {
  const { origin } = url;
  const isNamed =
    destination.startsWith(origin) &&
    (user.some((text) => isSiteIn(text, origin)) || strangers.some(({ text }) => isSiteIn(text, origin)));
  return isNamed ? destination.slice(origin.length) : destination;
}

/** `*.example.com` stands for all hosts below it. */
export function isTrusted(host: string, trustedHosts: readonly string[]): boolean {
  return trustedHosts.some((trusted) =>
    trusted.startsWith('*.') ? host.endsWith(trusted.slice(1)) : host === trusted,
  );
}
