import { z } from 'zod';
import { PERMISSIONS } from '../shared/context/principal.js';

/** Name of the environment variable that holds a credential: credentials do not belong into this JSON. */
const settingName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable');

/** What the protocol or the connection itself decides. */
const RESERVED_HEADER =
  /^(accept|connection|content-.*|cookie|host|keep-alive|last-event-id|mcp-.*|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;

/** What an operator says about a tool, or about all tools of a server. What a server says of itself lowers nothing. */
const toolRules = z.strictObject({
  side_effect: z.enum(['read', 'write', 'egress']).optional(),
  approval: z.enum(['always', 'never']).optional(),
  permission: z.enum(PERMISSIONS).optional(),
  /** Doing it twice with the same arguments is harmless. */
  idempotent: z.boolean().optional(),
  /** Its results must not leave the user or the installation. */
  returns_private: z.boolean().optional(),
});

export type McpToolRules = z.output<typeof toolRules>;

/** One entry of PERCH_MCP_SERVERS. */
export const mcpServerSchema = toolRules
  .extend({
    /** Without an underscore: `<server>_<tool>` then has one reading only. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9 and -'),
    /** Streamable HTTP. */
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .refine((url) => {
        const { username, password, hash } = new URL(url);
        return username === '' && password === '' && hash === '';
      }, 'must have no credentials and no fragment')
      .optional(),
    /** A program that speaks the protocol over its standard streams; an absolute path, or found in PATH. */
    command: z.string().min(1).max(1000).optional(),
    args: z.array(z.string().max(10_000)).max(100).optional(),
    /** Sent as `Authorization: Bearer`. */
    token_env: settingName.optional(),
    /** Header → setting that holds its value. */
    headers_env: z.record(z.string(), settingName).optional(),
    /** Tools are called with the credential that the user stored for this server; `token_env` then only lists them. */
    user_credentials: z.boolean().default(false),
    /** The server's own names of the tools that are offered. Left out: all. */
    tools: z.array(z.string().min(1).max(200)).max(500).optional(),
    timeout_seconds: z.number().int().min(1).max(600).default(30),
    max_concurrency: z.number().int().min(1).max(24).default(8),
    /** What the model is told while the server is down. */
    when_down: z.string().min(1).max(500).optional(),
    /** The operator's own server: a definition that changed is taken over without anybody's agreement. */
    trusted: z.boolean().default(false),
    /** Exceptions from the rules above, by the server's own name of the tool. */
    tool_rules: z.record(z.string().min(1).max(200), toolRules).default({}),
  })
  .superRefine((server, context) => {
    const fault = (message: string): void => context.addIssue({ code: 'custom', message });
    if ((server.url === undefined) === (server.command === undefined))
      fault('must have either a url or a command');
    if (server.command === undefined && server.args) fault('args belong to a command');
    if (server.command !== undefined && (server.token_env ?? server.headers_env ?? server.user_credentials)) {
      fault('a command takes no credentials');
    }
    for (const header of Object.keys(server.headers_env ?? {})) {
      if (!HEADER_NAME.test(header)) fault('headers_env names what is no header');
      if (RESERVED_HEADER.test(header)) fault(`${header} is a header that the protocol decides about`);
    }
    if (
      (server.token_env ?? server.user_credentials) &&
      Object.keys(server.headers_env ?? {}).some((name) => name.toLowerCase() === 'authorization')
    ) {
      fault('headers_env must not name Authorization beside token_env or user_credentials');
    }
  });

export type McpServerSettings = z.output<typeof mcpServerSchema>;

export const mcpServersSchema = z
  .array(mcpServerSchema)
  .max(50)
  .refine(
    (servers) => new Set(servers.map(({ name }) => name)).size === servers.length,
    'server names must differ',
  );

/** The settings that an entry names. */
export function namedSettings({ token_env: token, headers_env: headers }: McpServerSettings): string[] {
  return [...(token === undefined ? [] : [token]), ...Object.values(headers ?? {})];
}
