import type { OutboundResponse } from '../../outbound/outbound-request.js';
import { ToolError } from '../../tool.js';
import { type PageKind, pageKindOf } from './page-kind.js';

/** What of an answer can be read. Throws ToolError for refusals of the site, and for what is no text. */
export function checkAnswer({
  status,
  headers,
  body,
}: OutboundResponse): PageKind & { kind: 'html' | 'text' } {
  if (status < 200 || status > 299) throw refusal(status);
  const page = pageKindOf(headers.get('content-type'), body);
  if (page.kind !== undefined) return { ...page, kind: page.kind };
  const type =
    /^[a-z0-9.+-]{1,40}\/[a-z0-9.+-]{1,60}$/.exec(page.mediaType)?.[0] ?? 'an unknown type of data';
  throw new ToolError(
    'unsupported_content_type',
    `The address leads to ${type}, which this tool cannot read: it reads web pages and texts. Look for a page about it instead.`,
  );
}

function refusal(status: number): ToolError {
  if (status === 404 || status === 410) {
    return new ToolError(
      'page_not_found',
      `There is no such page (HTTP ${status}). Check the address, or search for it.`,
    );
  }
  if (status === 401 || status === 402 || status === 403 || status === 407 || status === 451) {
    return new ToolError(
      'page_refused',
      `The site does not give this page to us (HTTP ${status}): it may want a login, or no programs. Use another source.`,
    );
  }
  if (status === 429 || status === 503) {
    return new ToolError(
      'site_busy',
      `The site takes no more requests at the moment (HTTP ${status}). Use another source, or try again later.`,
    );
  }
  return new ToolError('site_error', `The site answered with HTTP ${status}. Use another source.`);
}
