import type { HttpApi } from '../../../config/http-tools.schema.js';
import type { JsonSchema } from '../../../shared/llm/json.js';
import type { AllowedOperation } from './find-operations.js';
import { DocumentFault } from './openapi-document.js';
import type { OperationPlan, PlannedBody, PlannedParameter } from './operation-plan.js';
import { plainText } from './plain-text.js';
import { type BodyForm, planBody } from './plan-body.js';
import { planParameter } from './plan-parameter.js';
import { type ConversionLimits, SchemaTooLarge, toJsonSchema } from './to-json-schema.js';

/** A model reads it with every request. */
const MAX_SCHEMA_BYTES = 32_768;
const MAX_DEPTH = 8;
const MAX_SCHEMAS = 3_000;
const MAX_DESCRIPTION_LENGTH = 300;

/** A member of the input, before it has a name. */
interface Member {
  readonly place: 'path' | 'query' | 'header' | 'body';
  readonly name: string;
  readonly isRequired: boolean;
  readonly description: string | undefined;
  readonly schema: unknown;
}

/** Throws `DocumentFault` for what cannot be done as the document asks. */
export function planOperation(allowed: AllowedOperation, api: HttpApi): OperationPlan {
  const { method, path, operation } = allowed;
  const parameters = allowed.parameters.flatMap((parameter) => {
    const planned = planParameter(parameter, api);
    return planned ? [{ parameter, planned }] : [];
  });
  parameters.sort((a, b) => PLACES.indexOf(a.planned.in) - PLACES.indexOf(b.planned.in));
  checkPath(
    path,
    parameters.flatMap(({ planned }) => (planned.in === 'path' ? [planned.name] : [])),
  );
  const body = planBody(operation.requestBody, method);
  const members: Member[] = [
    ...parameters.map(({ parameter, planned }) => ({
      place: planned.in,
      name: planned.name,
      isRequired: planned.isRequired,
      description: parameter.description,
      schema: parameter.schema ?? Object.values(parameter.content ?? {})[0]?.schema,
    })),
    ...bodyMembers(body, operation.requestBody?.description),
  ];
  const names = nameMembers(members);
  return {
    method,
    path,
    parameters: parameters.map(({ planned }, index): PlannedParameter => ({
      ...planned,
      member: names[index]!,
    })),
    body: body && planNamed(body, members.slice(parameters.length), names.slice(parameters.length)),
    inputSchema: toInputSchema(members, names),
  };
}

const PLACES = ['path', 'query', 'header'];

function checkPath(path: string, parameters: readonly string[]): void {
  const inTemplate = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name!);
  const missing = inTemplate.find((name) => !parameters.includes(name));
  if (missing !== undefined) throw new DocumentFault(`does not describe the ${missing} of its path ${path}`);
  const extra = parameters.find((name) => !inTemplate.includes(name));
  if (extra !== undefined) throw new DocumentFault(`has a path parameter ${extra} that is not in ${path}`);
  const filled = path.replace(/\{[^{}]*\}/g, 'x');
  if (!filled.startsWith('/') || new URL(`http://h${filled}`).pathname !== filled) {
    throw new DocumentFault(`has a path that is no plain path: ${path.slice(0, 200)}`);
  }
}

function bodyMembers(body: BodyForm | undefined, description: string | undefined): Member[] {
  if (!body) return [];
  const { members, isRequired, schema } = body;
  if (!members) return [{ place: 'body', name: 'body', isRequired, description, schema }];
  return members.properties.map(([name, member]) => ({
    place: 'body',
    name,
    isRequired: members.required.has(name),
    description: undefined,
    schema: member,
  }));
}

function planNamed(body: BodyForm, members: readonly Member[], names: readonly string[]): PlannedBody {
  const { mediaType, encoding, isRequired } = body;
  return body.members
    ? {
        kind: 'members',
        mediaType,
        encoding,
        members: members.map(({ name }, index) => ({ member: names[index]!, name })),
      }
    : { kind: 'member', mediaType, encoding, isRequired, member: names[0]! };
}

/**
 * The API's names as far as vendors take them. Of two equal names the first keeps it (path, query, header, body, each in
 * the document's order); the other one gets its place in front: `body_id`.
 */
function nameMembers(members: readonly Member[]): string[] {
  const taken = new Set<string>();
  return members.map(({ name, place }) => {
    const plain = name.replace(/[^a-zA-Z0-9_.-]+/g, '_').replace(/^_+|_+$/g, '') || place;
    const candidates = [plain, `${place}_${plain}`];
    for (let number = 2; number <= members.length + 2; number += 1)
      candidates.push(`${place}_${number}_${plain}`);
    const free = candidates.map((each) => each.slice(0, 64)).find((each) => !taken.has(each))!;
    taken.add(free);
    return free;
  });
}

/** As deep as it fits. */
function toInputSchema(members: readonly Member[], names: readonly string[]): JsonSchema {
  for (let maxDepth = MAX_DEPTH; maxDepth >= 1; maxDepth -= 1) {
    const schema = convertMembers(members, names, { maxDepth, budget: MAX_SCHEMAS });
    if (schema && Buffer.byteLength(JSON.stringify(schema)) <= MAX_SCHEMA_BYTES) return schema;
  }
  throw new DocumentFault(`takes more parameters than ${MAX_SCHEMA_BYTES} bytes of JSON Schema can describe`);
}

function convertMembers(
  members: readonly Member[],
  names: readonly string[],
  limits: ConversionLimits,
): JsonSchema | undefined {
  try {
    const properties = members.map(({ schema, description }, index) => {
      const converted = toJsonSchema(schema as never, limits);
      const text = description?.trim() ? plainText(description, MAX_DESCRIPTION_LENGTH) : undefined;
      return [names[index]!, text === undefined ? converted : { ...converted, description: text }] as const;
    });
    const required = names.filter((_, index) => members[index]!.isRequired);
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    };
  } catch (error) {
    if (error instanceof SchemaTooLarge) return undefined;
    throw error;
  }
}
