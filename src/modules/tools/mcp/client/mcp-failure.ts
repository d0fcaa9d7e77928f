import {
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from '@modelcontextprotocol/client';

/** Messages of errors that are made here, where the SDK has no type for them. */
export const TOO_LARGE = 'perch: the answer is too large';
export const CONNECTION_ENDED = 'perch: the connection ended';

/**
 * - `session_expired`: the server does not know this session (any more); nothing was done.
 * - `busy`: too many calls wait for this server already; nothing was done.
 * - `unauthorized`: the credential is missing or refused.
 * - `unavailable`: not there, or gone in the middle.
 * - `refused`: the server says that the request is wrong.
 * - `bad_answer`: what came is not the protocol, or too large.
 */
export type McpFailureReason =
  | 'session_expired'
  | 'busy'
  | 'unauthorized'
  | 'unavailable'
  | 'timeout'
  | 'refused'
  | 'too_large'
  | 'input_required'
  | 'bad_answer'
  | 'cancelled';

/** What went wrong between us and a server. The message is ours: nothing of a server's text or address is in it. */
export class McpFailure extends Error {
  constructor(
    readonly reason: McpFailureReason,
    /** Of `refused`: the server's own words, not cleaned. */
    readonly serverText?: string,
    /** Of `refused`: the JSON-RPC code. */
    readonly code?: number,
  ) {
    super(`MCP: ${reason}`);
    this.name = 'McpFailure';
  }
}

export function toMcpFailure(error: unknown, signal?: AbortSignal): McpFailure {
  if (error instanceof McpFailure) return error;
  if (signal?.aborted) return new McpFailure('cancelled');
  if (error instanceof UnauthorizedError) return new McpFailure('unauthorized');
  if (error instanceof SdkHttpError) return new McpFailure(ofStatus(error.status));
  if (error instanceof ProtocolError) return ofProtocol(error);
  if (error instanceof SdkError) return new McpFailure(ofCode(error.code));
  const { name, message } = error as Partial<Error>;
  if (message === TOO_LARGE) return new McpFailure('too_large');
  // What came was read, and is not what it should be; everything else is a connection that was refused or broke.
  return new McpFailure(
    name === 'SyntaxError' || /ZodError$/.test(name ?? '') ? 'bad_answer' : 'unavailable',
  );
}

function ofStatus(status: number): McpFailureReason {
  if (status === 404) return 'session_expired';
  if (status === 401 || status === 403) return 'unauthorized';
  return status >= 500 || status === 429 || status === 408 ? 'unavailable' : 'bad_answer';
}

function ofProtocol(error: ProtocolError): McpFailure {
  if (error.message === TOO_LARGE) return new McpFailure('too_large');
  if (error.message === CONNECTION_ENDED) return new McpFailure('unavailable');
  return new McpFailure('refused', error.message, error.code);
}

function ofCode(code: SdkErrorCode): McpFailureReason {
  switch (code) {
    case SdkErrorCode.RequestTimeout:
      return 'timeout';
    case SdkErrorCode.UnsupportedResultType:
    case SdkErrorCode.InputRequiredRoundsExceeded:
      return 'input_required';
    case SdkErrorCode.NotConnected:
    case SdkErrorCode.ConnectionClosed:
    case SdkErrorCode.SendFailed:
    case SdkErrorCode.EraNegotiationFailed:
      return 'unavailable';
    case SdkErrorCode.ClientHttpAuthentication:
    case SdkErrorCode.ClientHttpForbidden:
      return 'unauthorized';
    default:
      return 'bad_answer';
  }
}

/** The server understood the request and says that its arguments are wrong: the definition may have changed. */
export function isAboutArguments({ reason, code }: McpFailure): boolean {
  return reason === 'refused' && code === Number(ProtocolErrorCode.InvalidParams);
}
