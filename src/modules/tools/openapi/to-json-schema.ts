import type { JsonSchema } from '../../../shared/llm/json.js';
import { mergeAllOf } from './merge-all-of.js';
import type { SchemaObject } from './openapi-document.js';
import { plainText } from './plain-text.js';

export interface ConversionLimits {
  /** Schemas within schemas; what lies deeper may be anything of its type. */
  readonly maxDepth: number;
  /** Of all schemas together; counted down. */
  budget: number;
}

/** There are more schemas than the budget allows. */
export class SchemaTooLarge extends Error {}

const MAX_DESCRIPTION_LENGTH = 300;
const MAX_VALUE_LENGTH = 2_000;
const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);
/** Those that vendors know as well. `int64`, `password` and the like say nothing about the JSON. */
const FORMATS = new Set([
  'date-time',
  'date',
  'time',
  'duration',
  'email',
  'uuid',
  'uri',
  'hostname',
  'ipv4',
  'ipv6',
]);
const COPIED = {
  number: ['minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems'].concat([
    'minProperties',
    'maxProperties',
  ]),
  boolean: ['uniqueItems'],
} as const;

/**
 * A schema of OpenAPI 3.0 or 3.1 as JSON Schema 2020-12 without references, in the words that vendors take. It may allow
 * more than the original, never less: what is not taken over (`not`, `if`, `patternProperties`, …) is the API's to check.
 * `oneOf` becomes `anyOf` for the same reason. Members that are only answered (`readOnly`) are left out. A schema inside
 * itself is cut. Throws `SchemaTooLarge`.
 */
export function toJsonSchema(
  schema: SchemaObject | boolean | undefined,
  limits: ConversionLimits,
): JsonSchema {
  return convert(schema, limits, []);
}

type Ancestors = readonly object[];

function convert(original: unknown, limits: ConversionLimits, ancestors: Ancestors): JsonSchema {
  if (!isSchema(original)) return {};
  limits.budget -= 1;
  if (limits.budget < 0) throw new SchemaTooLarge();
  const schema = mergeAllOf(original);
  const isCut = ancestors.length >= limits.maxDepth || ancestors.includes(original);
  const inner = (child: unknown): JsonSchema => convert(child, limits, [...ancestors, original]);
  const converted = { ...scalarKeywords(schema), ...(isCut ? {} : nestedKeywords(schema, inner)) };
  return schema.nullable === true ? orNull(converted) : converted;
}

function scalarKeywords(schema: SchemaObject): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const types = [schema.type].flat().filter((type) => typeof type === 'string' && TYPES.has(type));
  if (types.length > 0) out.type = types.length === 1 ? types[0] : types;
  const text = typeof schema.description === 'string' ? schema.description : schema.title;
  if (typeof text === 'string' && text.trim()) out.description = plainText(text, MAX_DESCRIPTION_LENGTH);
  if (Array.isArray(schema.enum) && schema.enum.length > 0) out.enum = schema.enum;
  for (const name of ['const', 'default']) {
    if (name in schema && (JSON.stringify(schema[name])?.length ?? 0) <= MAX_VALUE_LENGTH)
      out[name] = schema[name];
  }
  for (const name of COPIED.number) if (Number.isFinite(schema[name])) out[name] = schema[name];
  for (const name of COPIED.boolean) if (typeof schema[name] === 'boolean') out[name] = schema[name];
  addExclusive(schema, out, 'minimum', 'exclusiveMinimum');
  addExclusive(schema, out, 'maximum', 'exclusiveMaximum');
  if (typeof schema.format === 'string' && FORMATS.has(schema.format)) out.format = schema.format;
  if (typeof schema.pattern === 'string' && isPattern(schema.pattern)) out.pattern = schema.pattern;
  return out;
}

/** 3.0 says with a boolean whether the limit itself is excluded. */
function addExclusive(schema: SchemaObject, out: Record<string, unknown>, limit: string, name: string): void {
  if (Number.isFinite(schema[name])) out[name] = schema[name];
  if (schema[name] === true && limit in out) {
    out[name] = out[limit];
    delete out[limit];
  }
}

function nestedKeywords(
  schema: SchemaObject,
  inner: (child: unknown) => JsonSchema,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (isSchema(schema.properties)) {
    const members = Object.entries(schema.properties).filter(([name]) => name !== '__proto__');
    const isReadOnly = ([, member]: [string, unknown]): boolean =>
      isSchema(member) && member.readOnly === true;
    const hidden = new Set(members.filter(isReadOnly).map(([name]) => name));
    const shown = members.filter(([name]) => !hidden.has(name));
    out.properties = Object.fromEntries(shown.map(([name, member]) => [name, inner(member)]));
    if (Array.isArray(schema.required)) {
      const required = schema.required.filter((name) => typeof name === 'string' && !hidden.has(name));
      if (required.length > 0) out.required = [...new Set(required)];
    }
  } else if (Array.isArray(schema.required) && schema.required.length > 0) {
    out.required = [...new Set(schema.required.filter((name) => typeof name === 'string'))];
  }
  if (!('patternProperties' in schema)) {
    if (schema.additionalProperties === false) out.additionalProperties = false;
    else if (isSchema(schema.additionalProperties))
      out.additionalProperties = inner(schema.additionalProperties);
  }
  if (isSchema(schema.items)) out.items = inner(schema.items);
  if (Array.isArray(schema.prefixItems) && schema.prefixItems.length > 0)
    out.prefixItems = schema.prefixItems.map(inner);
  if (Array.isArray(schema.allOf) && schema.allOf.length > 0) out.allOf = schema.allOf.map(inner);
  const choices = [schema.anyOf, schema.oneOf]
    .filter((list): list is unknown[] => Array.isArray(list) && list.length > 0)
    .map((list) => list.map(inner));
  if (choices[0]) out.anyOf = choices[0];
  if (choices[1]) out.allOf = [...((out.allOf as JsonSchema[] | undefined) ?? []), { anyOf: choices[1] }];
  return out;
}

function orNull(schema: Record<string, unknown>): JsonSchema {
  const { type, enum: values, const: value } = schema;
  if (type === undefined || value !== undefined || 'allOf' in schema || 'anyOf' in schema) {
    const { description, ...rest } = schema;
    if (Object.keys(rest).length === 0) return schema;
    return {
      ...(description === undefined ? {} : { description }),
      anyOf: [rest, { type: 'null' }],
    };
  }
  return {
    ...schema,
    type: [...new Set([type, 'null'].flat())],
    ...(Array.isArray(values) ? { enum: [...new Set([...(values as unknown[]), null])] } : {}),
  };
}

function isPattern(pattern: string): boolean {
  try {
    return pattern.length <= 1_000 && new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function isSchema(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
