import { mcpServerSchema } from '../../../config/mcp-servers.schema.js';
import type { Tool } from '../tool.js';
import { readDefinitions } from './definitions/mcp-definition.js';
import type { CataloguedServer } from './mcp-catalogue.js';
import { McpToolSource } from './mcp-tool-source.js';

function catalogued(
  tools: readonly string[],
  settings: Record<string, unknown> = {},
  held: readonly string[] = [],
): CataloguedServer {
  const { seen } = readDefinitions(
    tools.map((name) => ({
      name,
      description: 'Does it.',
      inputSchema: {
        type: 'object',
        anyOf: [{}],
        properties: { a: { type: 'string', 'x-mcp-header': 'A' } },
      },
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
    })),
  );
  return {
    settings: mcpServerSchema.parse({ name: 'web', url: 'https://mcp.example.com/mcp', ...settings }),
    listed: seen.map(({ definition }) => definition),
    offered: new Map(
      seen
        .filter(({ definition }) => !held.includes(definition.name))
        .map((one) => [one.definition.name, one]),
    ),
  };
}

describe(McpToolSource.name, () => {
  const call = async (): Promise<null> => null;
  let servers: CataloguedServer[];
  let others: Tool[];
  const source = (): McpToolSource =>
    new McpToolSource({ servers: () => servers }, call, [{ tools: () => others }]);

  beforeEach(() => {
    servers = [catalogued(['search', 'fetch'])];
    others = [];
  });

  it('believes nothing that a server says of its tools', () => {
    expect(source().tools()[0]).toMatchObject({
      sideEffect: 'write',
      isIdempotent: false,
      returnsUntrusted: true,
      returnsPrivate: true,
      permission: 'tools:use',
      timeoutMs: 30_000,
    });
    expect(source().tools()[0]).not.toHaveProperty('approval');
  });

  it('does what the operator says of a server, and of a tool', () => {
    const rules = {
      side_effect: 'read',
      returns_private: false,
      timeout_seconds: 5,
      when_down: 'Ask again at nine.',
    };
    const tool_rules = {
      search: { side_effect: 'egress', approval: 'always', idempotent: true, permission: 'admin' },
    };
    servers = [catalogued(['search', 'fetch'], { ...rules, tool_rules })];
    const [search, fetch] = source().tools();
    expect(search).toMatchObject({
      name: 'web_search',
      sideEffect: 'egress',
      approval: 'always',
      isIdempotent: true,
      permission: 'admin',
      returnsPrivate: false,
      returnsUntrusted: true,
      timeoutMs: 5_000,
      whenDown: 'Ask again at nine.',
    });
    expect(fetch).toMatchObject({ name: 'web_fetch', sideEffect: 'read', permission: 'tools:use' });
  });

  it('shows the model a schema that all vendors take', () => {
    expect(source().tools()[0]!.inputSchema).toEqual({
      type: 'object',
      properties: { a: { type: 'string' } },
    });
  });

  it('gives the same array until something changes', () => {
    const tools = source();
    const first = tools.tools();
    expect(tools.tools()).toBe(first);
    servers = [catalogued(['search'])];
    expect(tools.tools().map(({ name }) => name)).toEqual(['web_search']);
  });

  it('leaves the names of others alone, also when they come later', () => {
    const tools = source();
    expect(tools.tools().map(({ name }) => name)).toEqual(['web_search', 'web_fetch']);
    others = [{ name: 'web_search' } as Tool];
    expect(tools.tools().map(({ name }) => name)).toEqual([
      expect.stringMatching(/^web_search_[0-9a-f]{16}$/),
      'web_fetch',
    ]);
  });

  it('calls no tool differently because another one is held back', () => {
    servers = [catalogued(['a.b', 'a b'])];
    const both = source().tools();
    servers = [catalogued(['a.b', 'a b'], {}, ['a.b'])];
    expect(
      source()
        .tools()
        .map(({ name }) => name),
    ).toEqual([both[1]!.name]);
  });

  it('takes objects as arguments and nothing else', () => {
    const [tool] = source().tools();
    expect(tool!.parseInput({ a: 'x' })).toEqual({ ok: true, input: { a: 'x' } });
    expect(tool!.parseInput({ a: 1 })).toEqual({
      ok: false,
      errors: [{ pointer: '/a', detail: 'must be string' }],
    });
    for (const raw of [null, [], 'x', 1]) expect(tool!.parseInput(raw).ok).toBe(false);
  });
});
