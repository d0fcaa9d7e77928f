import {
  OutboundFailed,
  type OutboundFailure,
  OutboundRefused,
  type OutboundRefusal,
} from '../../outbound/outbound-errors.js';
import { ToolError } from '../../tool.js';
import { UnreadablePage } from './read-page.js';

const PUBLIC_ONLY = 'This tool reads pages of the public web only';

const REFUSALS: Readonly<Record<OutboundRefusal, string>> = {
  invalid_url:
    'This is no plain web address. Write it as https://host/path, percent-encoded, without spaces or backslashes.',
  credentials_forbidden: 'Addresses with a user name or password are not fetched. Leave them out.',
  scheme_forbidden: `${PUBLIC_ONLY}: the address must begin with http:// or https://.`,
  port_forbidden: `${PUBLIC_ONLY}, at its usual ports (80 and 443).`,
  host_forbidden: `${PUBLIC_ONLY}; this host is not part of it.`,
  address_forbidden: `${PUBLIC_ONLY}; this host is not part of it.`,
  downgrade_forbidden: 'The page leads from https to http, which is not followed.',
  origin_forbidden: `${PUBLIC_ONLY}.`,
  method_forbidden: `${PUBLIC_ONLY}.`,
  header_forbidden: `${PUBLIC_ONLY}.`,
};

const FAILURES: Readonly<Record<OutboundFailure, readonly [code: string, message: string]>> = {
  timeout: ['site_timeout', 'The site took too long. Use another source, or try again later.'],
  cancelled: ['cancelled', 'The request was cancelled.'],
  busy: ['busy', 'Too many pages are read at the same time. Try again in a moment.'],
  dns: ['unknown_host', 'There is no such host. Check the address, or search for it.'],
  connection: ['site_unreachable', 'The site does not answer. Check the address, or use another source.'],
  tls: ['site_unreachable', 'No secure connection to the site could be made. Use another source.'],
  protocol: ['site_error', 'What the site sent cannot be read. Use another source.'],
  too_large: ['site_error', 'What the site sent is too large. Use another source.'],
  too_many_redirects: ['too_many_redirects', 'The page leads on and on. Use another address or source.'],
};

/**
 * What the model is told. A site that is down says nothing about the tool, so none of this counts as its outage; what is no
 * failure of the site is given back as it is.
 */
export function toFetchError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new ToolError(...FAILURES.cancelled);
  if (error instanceof OutboundRefused) return new ToolError(error.reason, REFUSALS[error.reason]);
  if (error instanceof OutboundFailed) return new ToolError(...FAILURES[error.reason]);
  if (!(error instanceof UnreadablePage) || error.reason === 'crashed') return error;
  return new ToolError(
    'page_unreadable',
    'The page is too large or too complicated to be read. Use another source, or a simpler form of the page.',
  );
}
