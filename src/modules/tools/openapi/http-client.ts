import type { OutboundClient } from '../outbound/outbound-client.js';

/** The guarded way out, as far as these tools use it: one origin of the operator, no redirects, bounded in size and time. */
export type HttpClient = Pick<OutboundClient, 'request'>;
