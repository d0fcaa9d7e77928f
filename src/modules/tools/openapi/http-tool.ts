import type { HttpApi } from '../../../config/http-tools.schema.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import {
  type ParsedInput,
  type SideEffect,
  type Tool,
  type ToolContext,
  ToolError,
  ToolUnavailableError,
} from '../tool.js';
import { OutboundFailed } from '../outbound/outbound-errors.js';
import type { OutboundResponse } from '../outbound/outbound-request.js';
import { ArgumentFault } from './argument-fault.js';
import { buildRequest, type PreparedRequest } from './build-request.js';
import { compileCheck, type InputCheck } from './check-input.js';
import type { AllowedOperation } from './find-operations.js';
import type { HttpClient } from './http-client.js';
import type { HttpCredentials } from './http-credentials.js';
import type { OperationPlan } from './operation-plan.js';
import { createFieldPicker } from './pick-fields.js';
import { plainText } from './plain-text.js';
import { readBody } from './read-body.js';
import { toHttpResult } from './to-http-result.js';

const MAX_DESCRIPTION_LENGTH = 1_500;
/** So that the request's own deadline comes first, with a message that helps more. */
const SPARE_MS = 1_000;

export interface HttpToolOptions {
  readonly name: string;
  readonly api: HttpApi;
  readonly allowed: AllowedOperation;
  readonly plan: OperationPlan;
  readonly credentials: HttpCredentials;
  readonly client: HttpClient;
}

/** An operation of an HTTP API as a tool. What the model writes becomes a request in `parseInput`, and is sent in `execute`. */
export function httpTool(options: HttpToolOptions): Tool {
  const { name, api, allowed, plan } = options;
  const { settings } = allowed;
  const isSafe = plan.method === 'GET' || plan.method === 'HEAD';
  const sideEffect: SideEffect = settings.side_effect ?? (isSafe ? 'read' : 'write');
  const timeoutMs = Math.round((settings.timeout_seconds ?? api.timeout_seconds) * 1000);
  const check = compileCheck(plan.inputSchema);
  const fields = settings.response_fields ?? api.response_fields;
  const pick = fields && createFieldPicker(fields);
  const tool: Tool<PreparedRequest> = {
    name,
    description: describe(options),
    inputSchema: plan.inputSchema,
    permission: api.permission,
    sideEffect,
    isIdempotent: sideEffect === 'read',
    timeoutMs: timeoutMs + SPARE_MS,
    returnsUntrusted: true,
    returnsPrivate: settings.returns_private ?? api.returns_private ?? api.credentials.length > 0,
    ...(settings.approval ? { approval: settings.approval } : {}),
    parseInput: (raw) => parse(plan, check, raw),
    execute: async (input, context) => {
      const key = sideEffect === 'read' ? undefined : context.idempotencyKey;
      const response = await send(options, input, { key, timeoutMs, sideEffect, context });
      const { status, headers, body: bytes, truncated: isTruncated } = response;
      const contentType = headers.get('content-type');
      const body = readBody({ contentType, bytes, isTruncated }, options.credentials.scrubber);
      return toHttpResult({ status, body, retryAfter: headers.get('retry-after') }, pick);
    },
  };
  return tool;
}

function describe({ api, allowed }: HttpToolOptions): string {
  const { settings, operation, method, path } = allowed;
  if (settings.description !== undefined) return settings.description;
  const texts = [operation.summary, operation.description]
    .map((text) => plainText(text ?? '', MAX_DESCRIPTION_LENGTH))
    .filter((text) => text !== '');
  const [summary, description] = texts;
  const isRepeated = description !== undefined && summary !== undefined && description.startsWith(summary);
  const text = (isRepeated ? [description] : texts).join('\n');
  return plainText(`${text}\n${method} ${path} of ${api.name}.`, MAX_DESCRIPTION_LENGTH);
}

function parse(plan: OperationPlan, check: InputCheck, raw: JsonValue): ParsedInput<PreparedRequest> {
  const errors = check(raw);
  if (errors.length > 0) return { ok: false, errors };
  try {
    return { ok: true, input: buildRequest(plan, raw as { [member: string]: JsonValue }) };
  } catch (error) {
    if (error instanceof ArgumentFault) return { ok: false, errors: [error.field] };
    throw error;
  }
}

interface SendOptions {
  readonly key: string | undefined;
  readonly timeoutMs: number;
  readonly sideEffect: SideEffect;
  readonly context: ToolContext;
}

async function send(
  { api, plan, credentials, client }: HttpToolOptions,
  prepared: PreparedRequest,
  { key, timeoutMs, sideEffect, context }: SendOptions,
): Promise<OutboundResponse> {
  const header = api.idempotency_header;
  const withKey = header && key !== undefined ? { [header.toLowerCase()]: key } : {};
  const { headers, query } = credentials.addTo({
    headers: { ...prepared.headers, ...withKey },
    query: prepared.query,
  });
  const { url, origin } = addressOf(api.base_url, prepared.path, query);
  try {
    return await client.request({
      url,
      target: { kind: 'origin', origin },
      method: plan.method,
      headers,
      ...(prepared.body === undefined ? {} : { body: prepared.body }),
      maxBytes: api.max_bytes,
      timeoutMs,
      signal: context.signal,
    });
  } catch (error) {
    // What the client says may name the address, and with it a credential: nothing of it goes on.
    throw toUnreachable(error, timeoutMs, sideEffect, context.signal);
  }
}

/** The last look: what would be sent is exactly what was built, at the origin that the operator named. */
function addressOf(baseUrl: string, path: string, query: string): { url: string; origin: string } {
  const base = new URL(baseUrl);
  const pathname = `${base.pathname.replace(/\/+$/, '')}${path}`;
  const url = `${base.origin}${pathname}${query === '' ? '' : `?${query}`}`;
  const parsed = new URL(url);
  if (parsed.origin !== base.origin || parsed.pathname !== pathname || parsed.href !== url) {
    throw new Error('a request would have left its place');
  }
  return { url, origin: base.origin };
}

/** Failures before anything was sent. */
const NOT_SENT: ReadonlySet<string> = new Set(['busy', 'dns', 'tls']);

function toUnreachable(
  error: unknown,
  timeoutMs: number,
  sideEffect: SideEffect,
  signal: AbortSignal,
): ToolError {
  const reason = error instanceof OutboundFailed ? error.reason : 'connection';
  const mayBeDone =
    sideEffect === 'read' || NOT_SENT.has(reason)
      ? ''
      : ' Whether it did what was asked is not known: look before you repeat it.';
  if (signal.aborted) return new ToolError('cancelled', `The request was given up.${mayBeDone}`);
  switch (reason) {
    case 'busy':
      return new ToolError('busy', 'Too many requests are under way. Try again later.');
    case 'timeout':
      return new ToolUnavailableError(
        `The API did not answer within ${timeoutMs / 1000} seconds.${mayBeDone || ' It may answer a smaller question.'}`,
      );
    default:
      return new ToolUnavailableError(`The API could not be reached. Try again later.${mayBeDone}`);
  }
}
