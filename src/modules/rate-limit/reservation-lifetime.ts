import type { AgentConfig } from '../../config/app-config.js';

const LEASES = 2;

/**
 * How long a reservation lives that nobody renews. Whoever drives a run renews it while its own lease holds; after a death
 * there is time for the takeover, and what was reserved for a run that never came to be is soon free again.
 */
export function reservationLifetimeMs({ leaseSeconds }: Pick<AgentConfig, 'leaseSeconds'>): number {
  return LEASES * leaseSeconds * 1000;
}
