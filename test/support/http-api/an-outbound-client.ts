import { OutboundClient } from '../../../src/modules/tools/outbound/outbound-client.js';

/** The real way out, for tools that call one origin of the operator. Close it with `onApplicationShutdown`. */
export function anOutboundClient(): OutboundClient {
  return new OutboundClient({ publicConcurrency: 1, originConcurrency: 16, ownHosts: [] });
}
