import type { JsonValue } from '../../../shared/llm/json.js';
import { ArgumentFault } from './argument-fault.js';
import type { PlannedBody } from './operation-plan.js';
import { percentEncode } from './percent-encode.js';

export interface BuiltBody {
  readonly mediaType: string;
  readonly text: string;
}

/** `undefined` when the model gave nothing for a body that may be left out. Throws `ArgumentFault`. */
export function buildBody(
  body: PlannedBody | undefined,
  input: Readonly<Record<string, JsonValue>>,
): BuiltBody | undefined {
  if (!body) return undefined;
  const { mediaType, encoding } = body;
  const member = body.kind === 'member' ? body.member : 'body';
  const value = body.kind === 'member' ? input[body.member] : joined(body.members, input);
  if (value === undefined) return undefined;
  switch (encoding) {
    case 'json':
      return { mediaType, text: JSON.stringify(value) };
    case 'text':
      if (typeof value !== 'string') throw new ArgumentFault(member, 'must be a string');
      return { mediaType: `${mediaType}; charset=utf-8`, text: value.toWellFormed() };
    case 'form':
      return { mediaType, text: formText(member, value) };
  }
}

/** The body's own names again. Required bodies are sent even when nothing is in them; the schema said that this is fine. */
function joined(
  members: readonly { readonly member: string; readonly name: string }[],
  input: Readonly<Record<string, JsonValue>>,
): JsonValue {
  return Object.fromEntries(
    members.flatMap(({ member, name }) => {
      const value = input[member];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Lists as repeated pairs, objects as JSON: what OpenAPI takes when a document says nothing else. */
function formText(member: string, value: JsonValue): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ArgumentFault(member, 'must be an object');
  }
  return Object.entries(value)
    .flatMap(([name, item]) =>
      (Array.isArray(item) ? item : item === null ? [] : [item]).map((each) => [name, each] as const),
    )
    .map(([name, item]) => `${encodeForm(name)}=${encodeForm(formValue(item))}`)
    .join('&');
}

function formValue(item: JsonValue): string {
  return typeof item === 'object' ? JSON.stringify(item) : String(item);
}

function encodeForm(text: string): string {
  return percentEncode(text).replaceAll('%20', '+');
}
