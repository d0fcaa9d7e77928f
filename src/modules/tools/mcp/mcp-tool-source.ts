import type { Tool, ToolSource } from '../tool.js';
import type { CataloguedServer } from './mcp-catalogue.js';
import { toolNames } from './definitions/tool-names.js';
import { type CallMcpTool, mcpTool } from './mcp-tool.js';

/** The tools of all MCP servers that may be offered now. */
export class McpToolSource implements ToolSource {
  private seen: readonly unknown[] = [];
  private current: readonly Tool[] = [];

  constructor(
    private readonly catalogue: { servers(): readonly CataloguedServer[] },
    private readonly call: CallMcpTool,
    /** Sources whose names come first: a tool that is called like one of theirs gets another name. */
    private readonly others: readonly ToolSource[],
  ) {}

  tools(): readonly Tool[] {
    const now = [this.catalogue.servers(), ...this.others.map((source) => source.tools())];
    if (now.length === this.seen.length && now.every((list, index) => list === this.seen[index]))
      return this.current;
    const taken = new Set(this.others.flatMap((source) => source.tools().map(({ name }) => name)));
    this.current = this.catalogue.servers().flatMap((server) => this.toolsOf(server, taken));
    this.seen = now;
    return this.current;
  }

  private toolsOf({ settings, listed, offered }: CataloguedServer, taken: ReadonlySet<string>): Tool[] {
    // Names are given to all, so that none changes because another is held back.
    const names = toolNames(
      settings.name,
      listed.map(({ name }) => name),
      taken,
    );
    return [...offered].flatMap(([tool, seen]) => {
      const name = names.get(tool);
      return name === undefined ? [] : [mcpTool(name, seen, settings, this.call)];
    });
  }
}
