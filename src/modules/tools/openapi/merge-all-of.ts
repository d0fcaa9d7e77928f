import type { SchemaObject } from './openapi-document.js';

/** Keywords that may be joined without changing what the whole allows. */
const JOINABLE = new Set(['type', 'properties', 'required', 'additionalProperties', 'allOf']);
/** Keywords that say something about a schema, and nothing about values. The outermost counts. */
const REMARKS = new Set([
  'description',
  'title',
  'example',
  'examples',
  'default',
  'deprecated',
  'discriminator',
  'externalDocs',
  'xml',
  'nullable',
  'readOnly',
  'writeOnly',
]);
const MAX_PARTS = 100;

/**
 * Writes an `allOf` as one schema where that is the same: objects that extend each other, and the wrapping of a reference
 * that 3.0 needs for a description beside it. Models read one object better than a puzzle. Anything else stays as it is.
 */
export function mergeAllOf(schema: SchemaObject): SchemaObject {
  if (!Array.isArray(schema.allOf)) return schema;
  return mergeObjects(schema) ?? unwrapSingle(schema) ?? schema;
}

function unwrapSingle(schema: SchemaObject): SchemaObject | undefined {
  const { allOf, ...outer } = schema;
  const [only, ...others] = allOf as unknown[];
  if (others.length > 0 || !isObject(only)) return undefined;
  const clashes = Object.keys(outer).some((key) => key in only && !REMARKS.has(key));
  return clashes || only.allOf === allOf ? undefined : { ...only, ...outer };
}

function mergeObjects(schema: SchemaObject): SchemaObject | undefined {
  const parts = collectParts(schema);
  if (!parts) return undefined;
  const properties = new Map<string, unknown>();
  const required = new Set<unknown>();
  let isClosed = false;
  for (const part of parts) {
    for (const [name, member] of Object.entries((part.properties as object | undefined) ?? {})) {
      const earlier = properties.get(name);
      const isSame = earlier === undefined || earlier === member;
      properties.set(name, isSame ? member : { allOf: [earlier, member] });
    }
    if (Array.isArray(part.required)) for (const name of part.required) required.add(name);
    isClosed ||= part.additionalProperties === false;
  }
  const remarks = Object.entries(schema).filter(([key]) => REMARKS.has(key));
  const text = parts.map(({ description }) => description).find((each) => typeof each === 'string');
  return {
    ...(text === undefined ? {} : { description: text }),
    ...Object.fromEntries(remarks),
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.size > 0 ? { required: [...required] } : {}),
    ...(isClosed ? { additionalProperties: false } : {}),
  };
}

/** The schema and all that its `allOf` names, at any depth; `undefined` when one of them is more than a list of members. */
function collectParts(schema: SchemaObject): readonly SchemaObject[] | undefined {
  const parts: SchemaObject[] = [];
  const seen = new Set<unknown>();
  const left: unknown[] = [schema];
  while (left.length > 0) {
    const part = left.pop();
    if (seen.has(part)) continue;
    seen.add(part);
    if (!isObject(part) || !isListOfMembers(part) || parts.length >= MAX_PARTS) return undefined;
    parts.push(part);
    if (Array.isArray(part.allOf)) left.push(...(part.allOf as unknown[]).toReversed());
  }
  return parts.some(({ properties }) => properties !== undefined) ? parts : undefined;
}

function isListOfMembers(schema: SchemaObject): boolean {
  const { additionalProperties: rest, properties } = schema;
  return (
    Object.keys(schema).every((key) => JOINABLE.has(key) || REMARKS.has(key) || key.startsWith('x-')) &&
    (schema.type === undefined || schema.type === 'object') &&
    (rest === undefined || typeof rest === 'boolean') &&
    (properties === undefined || isObject(properties))
  );
}

function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
