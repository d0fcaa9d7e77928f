import type { JsonSchema, JsonValue } from '../../shared/llm/json.js';
import type { Permission, Principal } from '../../shared/context/principal.js';
import type { FieldError } from '../../shared/errors/app-error.js';

/** What a tool may do to the world: nothing, change something, or send data out. */
export type SideEffect = 'read' | 'write' | 'egress';

export interface ToolContext {
  readonly userId: string;
  /** `undefined` when a user calls the tool directly. */
  readonly runId?: string;
  readonly toolCallId: string;
  /** `run:seq` of the call: the same after a takeover, so that a tool can recognise a repetition. */
  readonly idempotencyKey: string;
  /** Fires at the tool's deadline, at cancel and at the end of the run. A tool must stop its work then. */
  readonly signal: AbortSignal;
  /** Tells whoever waits how far the work is: a short line without anything secret. As often as the tool likes. */
  readonly reportProgress: (message: string) => void;
}

export type ParsedInput<Input> =
  | { readonly ok: true; readonly input: Input }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/**
 * A thing the model can do. Built-in tools are made with `defineTool` from a zod schema; others (HTTP, MCP) implement
 * the port themselves.
 */
export interface Tool<Input = unknown> {
  /** `[a-zA-Z0-9_-]{1,64}`: what all vendors accept. */
  readonly name: string;
  /** For the model: what it does, when to use it. */
  readonly description: string;
  /** JSON Schema of an object; unknown members are refused. */
  readonly inputSchema: JsonSchema;
  readonly permission: Permission;
  readonly sideEffect: SideEffect;
  /** True when doing it twice with the same key is harmless: such a call may run again after a takeover. */
  readonly isIdempotent: boolean;
  readonly timeoutMs: number;
  /** Its result carries text that strangers wrote: web pages, other people's servers. */
  readonly returnsUntrusted: boolean;
  /** Its result carries data that belongs to the user or the installation and must not leave it. */
  readonly returnsPrivate: boolean;
  /**
   * Of a tool that only reads what lies elsewhere: the addresses that a call goes to, where the model chooses them; none,
   * where the operator has. Left out: what such a call does out there is not known.
   */
  destinationsOf?(input: Input): readonly string[];
  /** Whether a person must agree to every call. Left out: to those of tools that write. An operator's rule goes first. */
  readonly approval?: 'always' | 'never';
  /** Whether it is there for this caller at all, permissions apart. Left out: for everybody. */
  readonly isFor?: (principal: Principal) => boolean;
  /** What the model is told instead while the tool is down. */
  readonly whenDown?: string;
  /** Called before every execution, with whatever the model wrote. Never throws. */
  parseInput(raw: JsonValue): ParsedInput<Input>;
  /**
   * Does the work. Throws `ToolError` for what the model should hear about; anything else is a crash, of which the model
   * and the caller see only a code.
   */
  execute(input: Input, context: ToolContext): Promise<JsonValue>;
}

/**
 * A place that tools come from: the built-in ones, an OpenAPI document, an MCP server. What it lists may change while
 * the process runs; as long as it does not, the same array is returned.
 */
export interface ToolSource {
  tools(): readonly Tool[];
}

/** A failure that is worth telling the model: bad input in the tool's own terms, or a thing that is not there. */
export class ToolError extends Error {
  constructor(
    /** Stable, snake_case, for example `division_by_zero`. */
    readonly code: string,
    /** Safe for the model and the caller. */
    message: string,
  ) {
    super(message);
    this.name = 'ToolError';
  }
}

/** The tool cannot work now, whatever it is asked: its server is down. Enough of these, and it is left alone for a while. */
export class ToolUnavailableError extends ToolError {
  constructor(message: string) {
    super('tool_unavailable', message);
    this.name = 'ToolUnavailableError';
  }
}
