import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '../../../../shared/errors/app-error.js';
import type { JsonSchema, JsonValue } from '../../../../shared/llm/json.js';

/** Steps of one check, ten milliseconds or so at most: whatever the schema and the arguments are. */
const MAX_STEPS = 50_000;
const MAX_ERRORS = 20;

type Node = Readonly<Record<string, unknown>>;

const MEASURES = {
  length: { least: 'minLength', most: 'maxLength', unit: 'characters' },
  items: { least: 'minItems', most: 'maxItems', unit: 'items' },
  properties: { least: 'minProperties', most: 'maxProperties', unit: 'members' },
} as const;
type Measure = keyof typeof MEASURES;

class OutOfSteps extends Error {}

/**
 * Checks arguments against a schema that `cleanInputSchema` made. Interprets the schema step by step, with a budget: a
 * compiler such as Ajv's takes seconds for some schemas and makes code from strangers' text.
 */
export function checkArguments(schema: JsonSchema, input: JsonValue): readonly FieldError[] {
  const check = new Check();
  try {
    check.value(schema, input, '');
  } catch (error) {
    if (!(error instanceof OutOfSteps)) throw error;
    return [{ pointer: '', detail: 'is too large to be checked against the schema of this tool' }];
  }
  return check.errors;
}

class Check {
  errors: FieldError[] = [];
  private steps = 0;
  /** Only whether it fits is asked: the first mistake is enough, and nobody reads where it is. */
  private isTrying = false;
  private hasFailed = false;

  value(schema: unknown, value: JsonValue, pointer: string): void {
    this.step(1);
    if (schema === false) return this.fail(pointer, () => 'is not allowed');
    if (schema === true) return;
    const node = schema as Node;
    const { type } = node;
    if (
      type !== undefined &&
      !(Array.isArray(type) ? type.some((one) => isOfType(value, one)) : isOfType(value, type))
    )
      return this.fail(
        pointer,
        () => `must be ${(Array.isArray(type) ? (type as string[]) : [type as string]).join(' or ')}`,
      );
    if (node.enum !== undefined && !this.isOneOf(value, node.enum as unknown[]))
      this.fail(pointer, () => `must be one of ${JSON.stringify(node.enum).slice(0, 300)}`);
    if (node.const !== undefined && !this.isOneOf(value, [node.const]))
      this.fail(pointer, () => `must be ${JSON.stringify(node.const).slice(0, 300)}`);
    if (this.hasFailed) return;
    if (typeof value === 'number') this.number(node, value, pointer);
    if (typeof value === 'string') this.string(node, value, pointer);
    if (Array.isArray(value)) this.array(node, value, pointer);
    else if (typeof value === 'object' && value !== null) this.object(node, value, pointer);
    if (node.allOf !== undefined) {
      for (const branch of node.allOf as unknown[]) if (!this.hasFailed) this.value(branch, value, pointer);
    }
    if (node.anyOf !== undefined && !this.hasFailed) this.anyOf(node.anyOf as unknown[], value, pointer);
  }

  private number(node: Node, value: number, pointer: string): void {
    const bound = (keyword: string, fits: (limit: number) => boolean, words: string): void => {
      const limit = node[keyword];
      if (typeof limit === 'number' && !fits(limit)) this.fail(pointer, () => `must be ${words} ${limit}`);
    };
    bound('minimum', (limit) => value >= limit, 'at least');
    bound('maximum', (limit) => value <= limit, 'at most');
    bound('exclusiveMinimum', (limit) => value > limit, 'more than');
    bound('exclusiveMaximum', (limit) => value < limit, 'less than');
    bound('multipleOf', (limit) => limit <= 0 || isMultiple(value, limit), 'a multiple of');
  }

  private string(node: Node, value: string, pointer: string): void {
    if (node.minLength === undefined && node.maxLength === undefined) return;
    this.step(value.length / 16);
    this.size(node, 'length', [...value].length, pointer);
  }

  private array(node: Node, value: readonly JsonValue[], pointer: string): void {
    this.size(node, 'items', value.length, pointer);
    const prefix = (node.prefixItems ?? []) as unknown[];
    if (prefix.length === 0 && node.items === undefined) return;
    for (let index = 0; index < value.length && !this.hasFailed; index += 1) {
      const schema = index < prefix.length ? prefix[index] : node.items;
      if (schema !== undefined) this.value(schema, value[index]!, this.at(pointer, index));
    }
  }

  private object(node: Node, value: Readonly<Record<string, JsonValue>>, pointer: string): void {
    const properties = (node.properties ?? {}) as Node;
    const names = Object.keys(value);
    this.step(names.length / 4);
    this.size(node, 'properties', names.length, pointer);
    for (const name of (node.required ?? []) as string[]) {
      if (!Object.hasOwn(value, name)) this.fail(this.at(pointer, name), () => 'is required');
    }
    for (const name of names) {
      if (this.hasFailed) return;
      const at = this.at(pointer, name);
      if (Object.hasOwn(properties, name)) this.value(properties[name], value[name]!, at);
      else if (node.additionalProperties === false) this.fail(at, () => 'is not a parameter of this tool');
      else if (node.additionalProperties !== undefined)
        this.value(node.additionalProperties, value[name]!, at);
    }
  }

  private anyOf(branches: readonly unknown[], value: JsonValue, pointer: string): void {
    if (branches.some((branch) => this.fits(branch, value))) return;
    if (this.isTrying) return this.fail(pointer, () => '');
    const before = this.errors;
    const tries = branches.map((branch) => {
      this.errors = [];
      this.value(branch, value, pointer);
      return this.errors;
    });
    this.errors = before;
    // What is wrong deepest inside belongs to the alternative that was meant.
    const nearest = tries.sort((a, b) => depthOf(b) - depthOf(a))[0];
    if (nearest && depthOf(nearest) > pointer.length) this.errors.push(...nearest);
    else this.fail(pointer, () => 'fits none of the alternatives');
  }

  private fits(schema: unknown, value: JsonValue): boolean {
    const wasTrying = this.isTrying;
    this.isTrying = true;
    this.value(schema, value, '');
    const fits = !this.hasFailed;
    this.hasFailed = false;
    this.isTrying = wasTrying;
    return fits;
  }

  private at(pointer: string, member: string | number): string {
    return this.isTrying ? '' : `${pointer}/${escape(String(member))}`;
  }

  private size(node: Node, what: Measure, size: number, pointer: string): void {
    const { least: atLeast, most: atMost, unit } = MEASURES[what];
    const least = node[atLeast];
    const most = node[atMost];
    if (typeof least === 'number' && size < least)
      this.fail(pointer, () => `must have at least ${least} ${unit}`);
    if (typeof most === 'number' && size > most)
      this.fail(pointer, () => `must have at most ${most} ${unit}`);
  }

  private isOneOf(value: JsonValue, allowed: readonly unknown[]): boolean {
    this.step(allowed.length);
    return allowed.some((one) => one === value || (typeof one === 'object' && isDeepStrictEqual(one, value)));
  }

  private fail(pointer: string, detail: () => string): void {
    if (this.isTrying) this.hasFailed = true;
    else if (this.errors.length < MAX_ERRORS)
      this.errors.push({ pointer: pointer.slice(0, 300), detail: detail() });
  }

  private step(cost: number): void {
    this.steps += cost;
    if (this.steps > MAX_STEPS) throw new OutOfSteps();
  }
}

function isOfType(value: JsonValue, type: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function isMultiple(value: number, of: number): boolean {
  const times = value / of;
  return Math.abs(times - Math.round(times)) <= Number.EPSILON * Math.abs(times) * 4;
}

function depthOf(errors: readonly FieldError[]): number {
  return Math.max(...errors.map(({ pointer }) => pointer.length));
}

function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
