import { isIP } from 'node:net';
import { normalizeIp } from '@nestjs/throttler';

/** What a provider gives to one customer: whoever has an address of it has all of them. */
const IPV6_PREFIX = 64;
/** Some proxies add the client's port: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/;

/** The part of Express' request that says where it comes from. */
export interface FromSomewhere {
  /** The socket's address, or what the outermost trusted proxy wrote (`trust proxy`, TRUSTED_PROXY_HOPS). */
  readonly ip?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * Who a request is counted for before anybody is known: an IPv4 address, or an IPv6 network. Looks at no header itself. What
 * is no address, because more proxies are trusted than there are, says nothing; the socket's address is used then.
 */
export function clientAddress(request: FromSomewhere): string {
  return toNetwork(request.ip) ?? toNetwork(request.socket.remoteAddress) ?? 'unknown';
}

function toNetwork(text = ''): string | undefined {
  const match = WITH_PORT.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  return isIP(address) === 0 ? undefined : normalizeIp(address, IPV6_PREFIX);
}
