import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Public by its number, and yet the platform's own: Azure's agent, which hands out certificates and settings. */
const PLATFORM_ADDRESSES: ReadonlySet<string> = new Set(['168.63.129.16']);

const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/**
 * Whether an address is on the public internet. Not so are all special ranges (IANA's registries), and all IPv6 forms that
 * carry an IPv4 address: mapped, compatible, NAT64, 6to4, Teredo, ISATAP. Text that is no plain address is not public.
 */
export function isPublicAddress(address: string): boolean {
  // ipaddr.js also reads forms that connect() would read differently, such as octal numbers; a zone names an interface.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed instanceof ipaddr.IPv4) return !PLATFORM_ADDRESSES.has(parsed.toString());
  return parsed.match(GLOBAL_UNICAST) && !isIsatap(parsed);
}

function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return (parts[4]! & 0xfdff) === 0 && parts[5] === 0x5efe;
}
