import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { Network } from './network.js';
import { OutboundFailed, OutboundRefused } from './outbound-errors.js';

/** For one of several addresses; the last one has what is left of the deadline. */
const ATTEMPT_MS = 2_000;
/** A name may have any number; so many are tried. */
const MAX_ATTEMPTS = 8;

/**
 * Connects to public addresses only. Names are resolved once, here; all their addresses must be public, and the connection
 * goes to one of those that were checked: a name that answers differently the next time changes nothing.
 */
export function guardedConnector(network: Network, signal: AbortSignal): buildConnector.connector {
  const lookup: LookupFunction = (host, options, callback) => {
    checkedAddresses(host, network, signal).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: Error) => callback(error, '', 0),
    );
  };
  const connect = buildConnector({
    lookup,
    allowH2: false,
    // The deadline of the request ends it.
    timeout: 0,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    maxCachedSessions: 0,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
    ...(network.ca === undefined ? {} : { ca: network.ca }),
  }) as (...args: Parameters<buildConnector.connector>) => Socket;
  return (options, callback) => {
    // No lookup is asked for these.
    if (isIP(options.hostname) !== 0 && !network.isPublic(options.hostname)) {
      return callback(new OutboundRefused('address_forbidden'), null);
    }
    const socket = connect(options, (error, connected) => {
      signal.removeEventListener('abort', end);
      if (error) return callback(error, null);
      if (connected.remoteAddress !== undefined && network.isPublic(connected.remoteAddress)) {
        return callback(null, connected);
      }
      connected.destroy();
      callback(new OutboundRefused('address_forbidden'), null);
    });
    const end = (): void => void socket.destroy(new OutboundFailed('timeout'));
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  };
}

async function checkedAddresses(
  host: string,
  network: Network,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const addresses = await network.resolve(host, signal);
  if (addresses.length === 0) throw new OutboundFailed('dns');
  if (!addresses.every((address) => network.isPublic(address)))
    throw new OutboundRefused('address_forbidden');
  return addresses.slice(0, MAX_ATTEMPTS);
}
