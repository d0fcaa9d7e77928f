import { OutboundFailed, OutboundRefused } from './outbound-errors.js';

const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|ERR_OSSL)/;

/** Sorts what undici, the system and the guard throw. The original is dropped: it names addresses. */
export function toOutboundFailure(error: unknown): OutboundRefused | OutboundFailed {
  if (error instanceof OutboundRefused || error instanceof OutboundFailed) return error;
  const { code: given, cause, name } = error as { code?: unknown; cause?: unknown; name?: unknown };
  const code = typeof given === 'string' ? given : undefined;
  if (code === undefined && cause instanceof Error) return toOutboundFailure(cause);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new OutboundFailed('too_large', code);
  if (code === 'ENOTFOUND' || code?.startsWith('EAI_')) return new OutboundFailed('dns', code);
  if (name === 'HTTPParserError' || code?.startsWith('UND_ERR_RES_'))
    return new OutboundFailed('protocol', code);
  if (code !== undefined && TLS_CODE.test(code)) return new OutboundFailed('tls', code);
  return new OutboundFailed('connection', code);
}
