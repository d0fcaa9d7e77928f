import { mergeAllOf } from './merge-all-of.js';
import { DocumentFault, type RequestBodyObject, type SchemaObject } from './openapi-document.js';
import type { BodyEncoding } from './operation-plan.js';

/** Which of the media types is sent, and what it carries. */
export interface BodyForm {
  readonly mediaType: string;
  readonly encoding: BodyEncoding;
  readonly schema: SchemaObject | boolean | undefined;
  readonly isRequired: boolean;
  /** Set when the body's members can stand beside the other parameters. */
  readonly members: MemberSchemas | undefined;
}

export interface MemberSchemas {
  readonly properties: readonly (readonly [name: string, schema: unknown])[];
  readonly required: ReadonlySet<string>;
}

/** In the order in which they are preferred. */
const ENCODINGS: readonly (readonly [RegExp, BodyEncoding])[] = [
  [/^application\/json$/i, 'json'],
  [/^application\/[\w.-]+\+json$/i, 'json'],
  [/^(\*|application)\/\*$/, 'json'],
  [/^application\/x-www-form-urlencoded$/i, 'form'],
  [/^text\/plain$/i, 'text'],
];

/** `undefined` when nothing is sent. Throws `DocumentFault` when a body is needed that cannot be written. */
export function planBody(body: RequestBodyObject | undefined, method: string): BodyForm | undefined {
  if (!body) return undefined;
  const isRequired = body.required === true;
  if (method === 'GET' || method === 'HEAD') {
    if (isRequired) throw new DocumentFault(`needs a body with ${method}, which is not supported`);
    return undefined;
  }
  const found = choose(Object.keys(body.content));
  if (!found) {
    if (!isRequired) return undefined;
    throw new DocumentFault(
      `takes its body as ${Object.keys(body.content).join(', ')}; supported are JSON, application/x-www-form-urlencoded and text/plain`,
    );
  }
  const { key, encoding } = found;
  const schema = body.content[key]?.schema;
  const isAny = key.includes('*');
  return {
    mediaType: isAny ? 'application/json' : (key.split(';')[0]?.trim() ?? key),
    encoding,
    schema,
    isRequired,
    members: encoding === 'text' ? undefined : membersOf(schema, isRequired),
  };
}

function choose(keys: readonly string[]): { key: string; encoding: BodyEncoding } | undefined {
  for (const [pattern, encoding] of ENCODINGS) {
    const key = keys.find((each) => pattern.test(each.split(';')[0]?.trim() ?? ''));
    if (key !== undefined) return { key, encoding };
  }
  return undefined;
}

/**
 * A plain object gives its members to the tool's input: models fill one flat object better than a nested one. It stays in
 * one piece when it is a choice or a map, and when leaving it out altogether must stay possible.
 */
function membersOf(
  schema: SchemaObject | boolean | undefined,
  isRequired: boolean,
): MemberSchemas | undefined {
  if (typeof schema !== 'object') return undefined;
  const { type, properties, required, additionalProperties, ...rest } = mergeAllOf(schema);
  const isPlain =
    (type === undefined || type === 'object') &&
    (additionalProperties === undefined || additionalProperties === false) &&
    rest.nullable !== true &&
    !['allOf', 'anyOf', 'oneOf', 'not', 'if', 'patternProperties', 'enum', 'const', 'minProperties'].some(
      (key) => key in rest,
    );
  if (!isPlain || typeof properties !== 'object' || properties === null) return undefined;
  const shown = Object.entries(properties).filter(
    ([, member]) => (member as { readOnly?: unknown } | null)?.readOnly !== true,
  );
  const names = new Set(shown.map(([name]) => name));
  const needed = (Array.isArray(required) ? required : []).filter((name: string) => names.has(name));
  if (names.size === 0 || (!isRequired && needed.length > 0)) return undefined;
  return { properties: shown, required: new Set(needed as string[]) };
}
