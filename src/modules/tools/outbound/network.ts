import { Resolver } from 'node:dns/promises';
import { OutboundFailed } from './outbound-errors.js';
import { isPublicAddress } from './public-address.js';

/** What the rules for public targets rest on. Tests give their own to the constructor; no setting changes them. */
export interface Network {
  /** All addresses of a name. Throws OutboundFailed, `dns`. */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>;
  isPublic(address: string): boolean;
  readonly ports: ReadonlySet<number>;
  /** More certificate authorities, in PEM. */
  readonly ca?: string;
}

export const PUBLIC_INTERNET: Network = {
  resolve: resolvePublicName,
  isPublic: isPublicAddress,
  ports: new Set([80, 443]),
};

/**
 * Asks the DNS itself, not getaddrinfo: hosts files and search lists stay out of it, and names whose servers never answer
 * do not hold the threads that hashing and files need.
 */
async function resolvePublicName(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length === 0) throw new OutboundFailed('dns');
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
