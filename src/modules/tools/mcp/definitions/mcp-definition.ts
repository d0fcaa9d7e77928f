import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../../shared/llm/canonical-json.js';
import type { JsonSchema } from '../../../../shared/llm/json.js';
import { cleanInputSchema, UnusableSchema } from './clean-input-schema.js';
import { cleanText, isPlain } from './untrusted-text.js';

const MAX_NAME_LENGTH = 128;
const MAX_DESCRIPTION_LENGTH = 4_000;
/** Of description and schema together, as JSON. */
const MAX_TOOL_LENGTH = 24 * 1024;
const MAX_SERVER_LENGTH = 256 * 1024;
export const MAX_TOOLS_PER_SERVER = 128;

/** A tool as a server describes it, made safe to store and to show. */
export interface McpDefinition {
  /** The server's own name of it. */
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  /** What the server says about its tool: shown to administrators, believed by nobody. */
  readonly annotations: Readonly<Record<string, boolean>>;
}

export interface SeenDefinition {
  readonly definition: McpDefinition;
  /** SHA-256 over name, title, description, schema and annotations as the server sent them: the cleaning may improve. */
  readonly hash: string;
}

export interface DroppedTool {
  readonly tool: string;
  readonly reason: string;
}

export interface SeenDefinitions {
  readonly seen: readonly SeenDefinition[];
  readonly dropped: readonly DroppedTool[];
}

export interface ReadingOptions {
  /** The names that the operator wants; left out: all. */
  readonly allowed?: readonly string[] | undefined;
  /** Takes out what must not be seen: a server may write what it is called with into its descriptions. */
  readonly hide?: (text: string) => string;
}

/** What of a server's list can be offered. */
export function readDefinitions(
  listed: readonly unknown[],
  { allowed, hide = (text) => text }: ReadingOptions = {},
): SeenDefinitions {
  const wanted = allowed && new Set(allowed);
  const seen = new Map<string, SeenDefinition>();
  const dropped: DroppedTool[] = [];
  let length = 0;
  for (const raw of listed) {
    const name = nameOf(raw);
    if (wanted && (name === undefined || !wanted.has(name))) continue;
    const drop = (reason: string): void =>
      void dropped.push({ tool: cleanText(name ?? '', MAX_NAME_LENGTH), reason });
    if (name === undefined || name === '' || name.length > MAX_NAME_LENGTH || !isPlain(name)) drop('name');
    else if (seen.has(name)) drop('name_twice');
    else if (seen.size >= MAX_TOOLS_PER_SERVER) drop('too_many_tools');
    else {
      const read = readDefinition(name, raw as Readonly<Record<string, unknown>>, hide);
      if (typeof read === 'string') drop(read);
      else if ((length += read.length) > MAX_SERVER_LENGTH) drop('too_much_text');
      else seen.set(name, read.seen);
    }
  }
  return { seen: [...seen.values()], dropped };
}

function readDefinition(
  name: string,
  raw: Readonly<Record<string, unknown>>,
  hide: (text: string) => string,
): string | { readonly seen: SeenDefinition; readonly length: number } {
  try {
    const cleaned: McpDefinition = {
      name,
      description: cleanText(
        typeof raw.description === 'string' ? raw.description : '',
        MAX_DESCRIPTION_LENGTH,
      ),
      inputSchema: cleanInputSchema(raw.inputSchema),
      annotations: hintsOf(raw.annotations),
    };
    const text = hide(JSON.stringify(cleaned));
    const definition = { ...(JSON.parse(text) as McpDefinition), name };
    const { length } = text;
    if (length > MAX_TOOL_LENGTH) return 'too_much_text';
    const { title, description, inputSchema, annotations } = raw;
    const pinned = canonicalJson({ name, title, description, inputSchema, annotations });
    return { seen: { definition, hash: createHash('sha256').update(pinned).digest('hex') }, length };
  } catch (error) {
    if (error instanceof UnusableSchema) return error.message;
    if (error instanceof RangeError) return 'schema_too_deep';
    throw error;
  }
}

function nameOf(raw: unknown): string | undefined {
  const name = typeof raw === 'object' && raw !== null ? (raw as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? name : undefined;
}

function hintsOf(annotations: unknown): Readonly<Record<string, boolean>> {
  const given = typeof annotations === 'object' && annotations !== null ? annotations : {};
  const known = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];
  return Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, boolean] => known.includes(entry[0]) && typeof entry[1] === 'boolean',
    ),
  );
}
