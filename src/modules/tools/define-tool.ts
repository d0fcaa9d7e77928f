import { z } from 'zod';
import type { Permission, Principal } from '../../shared/context/principal.js';
import type { FieldError } from '../../shared/errors/app-error.js';
import type { JsonSchema, JsonValue } from '../../shared/llm/json.js';
import type { ParsedInput, SideEffect, Tool, ToolContext } from './tool.js';

export interface ToolDefinitionOptions<Shape extends z.ZodRawShape> {
  readonly name: string;
  readonly description: string;
  /** A strict object: what is not in it is refused. `describe()` its members, the model reads that. */
  readonly input: z.ZodObject<Shape, z.core.$strict>;
  /** Default `tools:use`. */
  readonly permission?: Permission;
  readonly sideEffect: SideEffect;
  readonly isIdempotent: boolean;
  readonly timeoutMs: number;
  /** Default false. */
  readonly returnsUntrusted?: boolean;
  /** Default false. */
  readonly returnsPrivate?: boolean;
  readonly approval?: 'always' | 'never';
  readonly destinationsOf?: (input: z.output<z.ZodObject<Shape, z.core.$strict>>) => readonly string[];
  readonly isFor?: (principal: Principal) => boolean;
  readonly whenDown?: string;
  readonly execute: (
    input: z.output<z.ZodObject<Shape, z.core.$strict>>,
    context: ToolContext,
  ) => Promise<JsonValue> | JsonValue;
}

/** Makes a tool from a zod schema: the model's JSON Schema and the validation come from the same place. */
export function defineTool<Shape extends z.ZodRawShape>(options: ToolDefinitionOptions<Shape>): Tool {
  const { input: schema, execute, permission = 'tools:use', destinationsOf, ...rest } = options;
  const { returnsUntrusted = false, returnsPrivate = false } = options;
  const { $schema: _, ...inputSchema } = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema & {
    $schema?: unknown;
  };
  return {
    ...rest,
    permission,
    returnsUntrusted,
    returnsPrivate,
    inputSchema,
    ...(destinationsOf
      ? { destinationsOf: (input) => destinationsOf(input as z.output<typeof schema>) }
      : {}),
    parseInput: (raw) => parse(schema, raw),
    execute: async (input, context) => execute(input as z.output<typeof schema>, context),
  };
}

function parse(schema: z.ZodType, raw: JsonValue): ParsedInput<unknown> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { ok: false, errors: [{ pointer: '', detail: 'must be a JSON object' }] };
  }
  const parsed = schema.safeParse(raw);
  return parsed.success
    ? { ok: true, input: parsed.data }
    : { ok: false, errors: parsed.error.issues.flatMap(toFieldErrors) };
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path
    .map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: `${path}/${key.slice(0, 100)}`,
      detail: 'is not a parameter of this tool',
    }));
  }
  return [{ pointer: path, detail: issue.message }];
}
