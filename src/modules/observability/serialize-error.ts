import { redact } from './redact.js';

export interface SerializedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: SerializedError;
}

const MAX_CAUSES = 4;
/** PostgreSQL's class of faults in data: the message quotes the data. */
const DATA_FAULT = /^22[0-9A-Z]{3}$/;

/**
 * An error for the log: its type, message, code, stack and causes, without secrets. Other members are left out on purpose:
 * drivers and SDKs hang requests, headers and bodies on their errors.
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: redact(describe(error)) };
  const { code } = error as { code?: unknown };
  const message = redact(quotesData(error, code) ? withoutQuotes(error.message) : error.message);
  const frames = framesOf(error);
  return {
    type: error.name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(frames === undefined ? {} : { stack: `${error.name}: ${message}\n${frames}` }),
    ...(error.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: serializeError(error.cause, depth + 1) }),
  };
}

/** What was thrown and is no error may be anything, a whole response included: only a text is worth printing. */
function describe(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null
    ? 'something that is no error was thrown'
    : String(thrown);
}

/** `Unexpected token 'x', "what somebody wrote" is not valid JSON` and its like. */
function quotesData(error: Error, code: unknown): boolean {
  return error instanceof SyntaxError || (typeof code === 'string' && DATA_FAULT.test(code));
}

function withoutQuotes(message: string): string {
  return message.replace(/"[^]*"/, '"…"').replace(/'[^']*'/g, "'…'");
}

/** The stack without its head, which repeats the message. */
function framesOf(error: Error): string | undefined {
  const at = error.stack?.search(/^ +at /m) ?? -1;
  return at < 0 ? undefined : redact(error.stack!.slice(at));
}
