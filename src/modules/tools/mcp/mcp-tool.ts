import type { McpServerSettings, McpToolRules } from '../../../config/mcp-servers.schema.js';
import type { JsonObject, JsonSchema, JsonValue } from '../../../shared/llm/json.js';
import { type Tool, type ToolContext, ToolError } from '../tool.js';
import { checkArguments } from './definitions/check-arguments.js';
import type { SeenDefinition } from './definitions/mcp-definition.js';

export interface McpToolCall {
  readonly server: string;
  readonly definition: SeenDefinition;
  readonly arguments: JsonObject;
  readonly context: ToolContext;
}

/** Executes a call on its server. Throws `ToolError`. */
export type CallMcpTool = (call: McpToolCall) => Promise<JsonValue>;

/** A tool of an MCP server. What it may do is what the operator says, never what the server says of itself. */
export function mcpTool(
  name: string,
  seen: SeenDefinition,
  settings: McpServerSettings,
  call: CallMcpTool,
): Tool<JsonObject> {
  const { definition } = seen;
  const rules = rulesFor(settings, definition.name);
  return {
    name,
    description: definition.description || `The tool ${definition.name} of ${settings.name}.`,
    inputSchema: forTheModel(definition.inputSchema),
    permission: rules.permission ?? 'tools:use',
    sideEffect: rules.side_effect ?? 'write',
    isIdempotent: rules.idempotent ?? false,
    timeoutMs: settings.timeout_seconds * 1000,
    returnsUntrusted: true,
    returnsPrivate: rules.returns_private ?? true,
    ...(rules.approval === undefined ? {} : { approval: rules.approval }),
    whenDown: settings.when_down ?? `The server ${settings.name} cannot be reached at the moment.`,
    parseInput: (raw) => {
      if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
        return { ok: false, errors: [{ pointer: '', detail: 'must be a JSON object' }] };
      const errors = checkArguments(definition.inputSchema, raw);
      return errors.length === 0 ? { ok: true, input: raw } : { ok: false, errors };
    },
    execute: (input, context) => call({ server: settings.name, definition: seen, arguments: input, context }),
  };
}

/** The definition of this tool is another one now, or waits for an administrator. */
export function heldBack(): ToolError {
  return new ToolError(
    'tool_held_back',
    'This tool has changed. It can be used again when an administrator has agreed to the change.',
  );
}

function rulesFor(settings: McpServerSettings, tool: string): McpToolRules {
  const own = Object.hasOwn(settings.tool_rules, tool) ? settings.tool_rules[tool]! : {};
  const { side_effect, approval, permission, idempotent, returns_private } = { ...settings, ...own };
  return { side_effect, approval, permission, idempotent, returns_private };
}

/** Some vendors refuse alternatives at the top of a schema; what is for headers alone tells a model nothing. */
function forTheModel(schema: JsonSchema): JsonSchema {
  const { anyOf: _, allOf: __, ...rest } = schema;
  return withoutHeaders(rest) as JsonSchema;
}

function withoutHeaders(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutHeaders);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([keyword]) => keyword !== 'x-mcp-header')
      .map(([keyword, value]) => [keyword, withoutHeaders(value)]),
  );
}
