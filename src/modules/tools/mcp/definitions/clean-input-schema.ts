import type { JsonSchema } from '../../../../shared/llm/json.js';
import { cleanText } from './untrusted-text.js';

const MAX_DEPTH = 12;
const MAX_NODES = 1_000;
const MAX_ENUM_VALUES = 250;
const MAX_VALUE_LENGTH = 1_000;
const MAX_TEXT_LENGTH = 1_000;
/** What every vendor takes as the name of a parameter: one tool with another would have whole requests refused. */
const PROPERTY_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;
const TYPES: ReadonlySet<unknown> = new Set([
  ...['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'],
]);
const BOUNDS = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'minProperties', 'maxProperties'],
];

/** Why a schema cannot be offered: stable words for the log. */
export class UnusableSchema extends Error {}

type Node = Readonly<Record<string, unknown>>;

/**
 * A stranger's input schema in a form that is small, closed in itself and quick to check against: only keywords that
 * `checkArguments` knows, references within the document replaced by what they refer to. What is left out makes the
 * schema more permissive, never less: patterns and formats (regular expressions of strangers are not run here; the server
 * checks its arguments itself), recursion, conditions. Throws `UnusableSchema`.
 */
export function cleanInputSchema(raw: unknown): JsonSchema {
  if (!isNode(raw) || raw.type !== 'object') throw new UnusableSchema('schema_of_no_object');
  return new Cleaning(raw).node(raw, 0, []) as JsonSchema;
}

class Cleaning {
  private nodes = 0;

  constructor(private readonly root: Node) {}

  node(raw: unknown, depth: number, followed: readonly string[]): Node | boolean {
    if (typeof raw === 'boolean') return raw;
    if (!isNode(raw)) throw new UnusableSchema('schema_malformed');
    if (depth > MAX_DEPTH) throw new UnusableSchema('schema_too_deep');
    if ((this.nodes += 1) > MAX_NODES) throw new UnusableSchema('schema_too_large');
    const own = this.ownKeywords(raw, depth, followed);
    if (raw.$ref === undefined) return own;
    const referred = this.referred(raw.$ref, depth, followed);
    const { description, title, default: given, ...rules } = own;
    const annotations = withoutUndefined({ description, title, default: given });
    if (Object.keys(rules).length > 0) return { ...annotations, allOf: [referred, rules] };
    return typeof referred === 'boolean' ? referred : { ...referred, ...annotations };
  }

  private referred(reference: unknown, depth: number, followed: readonly string[]): Node | boolean {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
      throw new UnusableSchema('schema_external_reference');
    // What refers to itself has no end: from there on anything goes, and the server decides.
    if (followed.includes(reference)) return {};
    let target: unknown = this.root;
    for (const part of reference.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      target =
        typeof target === 'object' && target !== null && Object.hasOwn(target, key)
          ? (target as Node)[key]
          : undefined;
    }
    if (target === undefined) throw new UnusableSchema('schema_external_reference');
    return this.node(target, depth + 1, [...followed, reference]);
  }

  private ownKeywords(raw: Node, depth: number, followed: readonly string[]): Node {
    const child = (value: unknown): Node | boolean => this.node(value, depth + 1, followed);
    const children = (value: unknown): (Node | boolean)[] | undefined =>
      Array.isArray(value) && value.length > 0 ? value.map(child) : undefined;
    const prefixItems =
      children(raw.prefixItems) ?? (Array.isArray(raw.items) ? children(raw.items) : undefined);
    // One of several that are checked less strictly than they are meant: more than one may fit.
    const either = [children(raw.anyOf), children(raw.oneOf)].filter((branches) => branches !== undefined);
    const all = [
      ...(children(raw.allOf) ?? []),
      ...(either.length > 1 ? either.map((branches) => ({ anyOf: branches })) : []),
    ];
    // With patterns left out, what they let through would look like an unknown member.
    const isOpen = raw.patternProperties !== undefined || raw.$ref !== undefined || raw.allOf !== undefined;
    return withoutUndefined({
      type: typesOf(raw),
      title: textOf(raw.title),
      description: textOf(raw.description),
      properties: this.properties(raw.properties, child),
      required: requiredOf(raw.required),
      additionalProperties:
        raw.additionalProperties === undefined || isOpen ? undefined : child(raw.additionalProperties),
      prefixItems,
      items: raw.items === undefined || Array.isArray(raw.items) ? undefined : child(raw.items),
      anyOf: either.length === 1 ? either[0] : undefined,
      allOf: all.length > 0 ? all : undefined,
      enum: enumOf(raw.enum),
      const: isSmall(raw.const) ? raw.const : undefined,
      default: isSmall(raw.default) ? raw.default : undefined,
      'x-mcp-header': isSmall(raw['x-mcp-header']) ? raw['x-mcp-header'] : undefined,
      ...Object.fromEntries(BOUNDS.map((keyword) => [keyword, finite(raw[keyword])])),
    });
  }

  private properties(raw: unknown, child: (value: unknown) => Node | boolean): Node | undefined {
    if (raw === undefined) return undefined;
    if (!isNode(raw)) throw new UnusableSchema('schema_malformed');
    const entries = Object.entries(raw);
    if (entries.some(([name]) => !PROPERTY_NAME.test(name) || name === '__proto__'))
      throw new UnusableSchema('schema_property_name');
    return Object.fromEntries(entries.map(([name, value]) => [name, child(value)]));
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typesOf(raw: Node): unknown {
  const types: unknown[] = Array.isArray(raw.type) ? raw.type : [raw.type];
  const given = types.filter((type) => TYPES.has(type));
  const all = [...new Set([...given, ...(raw.nullable === true && given.length > 0 ? ['null'] : [])])];
  return all.length > 1 ? all : all[0];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? cleanText(value, MAX_TEXT_LENGTH) : undefined;
}

function requiredOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((name): name is string => typeof name === 'string' && PROPERTY_NAME.test(name));
  return names.length > 0 ? [...new Set(names)] : undefined;
}

function enumOf(value: unknown): unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length > MAX_ENUM_VALUES || !value.every(isSmall)) throw new UnusableSchema('schema_too_large');
  return value.length > 0 ? value : undefined;
}

/** Of a size that may stand in a schema, and nothing that a database cannot store. */
function isSmall(value: unknown): boolean {
  if (value === undefined) return false;
  const text = JSON.stringify(value);
  return text.length <= MAX_VALUE_LENGTH && !/\\u0000|\\ud[89a-f]/.test(text) && !text.includes('__proto__');
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function withoutUndefined(members: Node): Node {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined));
}
