import { createHmac } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import type { AuditClient } from './audit-entry.js';

/** Enough to know an address again among millions. */
const HASH_LENGTH = 22;

/** `null`: that is no address. `key`: the installation's own, for this purpose alone. */
export function toAuditClient(address: string, key: Buffer): AuditClient | null {
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.parse(address);
  const bits = parsed.kind() === 'ipv4' ? 24 : 48;
  const network = ipaddr[parsed.kind() === 'ipv4' ? 'IPv4' : 'IPv6'].networkAddressFromCIDR(
    `${parsed.toString()}/${bits}`,
  );
  return {
    network: `${network.toString()}/${bits}`,
    addressHash: createHmac('sha256', key)
      .update(parsed.toString())
      .digest('base64url')
      .slice(0, HASH_LENGTH),
  };
}
