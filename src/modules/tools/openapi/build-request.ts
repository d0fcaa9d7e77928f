import type { JsonValue } from '../../../shared/llm/json.js';
import { ArgumentFault } from './argument-fault.js';
import { buildBody } from './build-body.js';
import { buildQuery } from './build-query.js';
import { fillPath } from './fill-path.js';
import type { OperationPlan } from './operation-plan.js';
import { scalarText } from './scalar-text.js';

/** A call as the model wants it: without credentials, and without the address that it goes to. */
export interface PreparedRequest {
  /** Encoded, below the API's base: `/orders/7`. */
  readonly path: string;
  /** Encoded, without `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const MAX_TARGET_LENGTH = 8_000;
const MAX_HEADER_LENGTH = 2_000;

/** Writes checked input as a request. Throws `ArgumentFault` for values that cannot be sent safely. */
export function buildRequest(
  plan: OperationPlan,
  given: Readonly<Record<string, JsonValue>>,
): PreparedRequest {
  // Only what the model wrote: a parameter may be called `constructor`.
  const input = Object.assign(Object.create(null) as Record<string, JsonValue>, given);
  const path = fillPath(plan.path, plan.parameters, input);
  const query = buildQuery(plan.parameters, input);
  if (path.length + query.length > MAX_TARGET_LENGTH) {
    const [longest = ''] = plan.parameters
      .filter(({ in: place }) => place !== 'header')
      .map(({ member }) => member)
      .sort((a, b) => lengthOf(input[b]) - lengthOf(input[a]));
    throw new ArgumentFault(longest, 'makes the address of the request too long');
  }
  const body = buildBody(plan.body, input);
  return {
    path,
    query,
    headers: {
      ...headersOf(plan, input),
      accept: 'application/json, text/*;q=0.8, */*;q=0.5',
      ...(body ? { 'content-type': body.mediaType } : {}),
    },
    body: body?.text,
  };
}

function headersOf(plan: OperationPlan, input: Readonly<Record<string, JsonValue>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const parameter of plan.parameters) {
    const { member, name, style } = parameter;
    const value = input[member];
    if (parameter.in !== 'header' || value === undefined || value === null) continue;
    const text =
      style === 'json'
        ? JSON.stringify(value)
        : (Array.isArray(value) ? value : [value]).map((item) => scalarText(member, item)).join(',');
    if (!/^[\x20-\x7e]*$/.test(text)) throw new ArgumentFault(member, 'must be visible ASCII on one line');
    if (text.length > MAX_HEADER_LENGTH) throw new ArgumentFault(member, 'is too long for a header');
    headers[name.toLowerCase()] = text.trim();
  }
  return headers;
}

function lengthOf(value: JsonValue | undefined): number {
  return JSON.stringify(value ?? null).length;
}
