import { Inject, Injectable } from '@nestjs/common';
import type { Tool, ToolSource } from './tool.js';

export const TOOL_SOURCES = Symbol('TOOL_SOURCES');

/** What Anthropic, OpenAI and MCP all accept as a tool's name. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * All tools of this installation, by name. Wrong or repeated names are a fault of the build or the configuration: it does
 * not start. A source that changes later must keep to names that are valid and its own.
 */
@Injectable()
export class ToolRegistry {
  private seen: readonly (readonly Tool[])[] = [];
  private byName: ReadonlyMap<string, Tool> = new Map();

  constructor(@Inject(TOOL_SOURCES) private readonly sources: readonly ToolSource[]) {
    this.refresh();
  }

  get(name: string): Tool | undefined {
    this.refresh();
    return this.byName.get(name);
  }

  /** Sorted by name: the order is part of what vendors cache. */
  list(): readonly Tool[] {
    this.refresh();
    return [...this.byName.values()];
  }

  private refresh(): void {
    const lists = this.sources.map((source) => source.tools());
    if (lists.length === this.seen.length && lists.every((list, index) => list === this.seen[index])) return;
    this.byName = sortedByName(lists.flat());
    this.seen = lists;
  }
}

function sortedByName(tools: readonly Tool[]): ReadonlyMap<string, Tool> {
  const byName = new Map<string, Tool>();
  for (const tool of tools) {
    if (!TOOL_NAME.test(tool.name)) throw new Error(`not a tool name: ${tool.name}`);
    if (byName.has(tool.name)) throw new Error(`two tools are named ${tool.name}`);
    byName.set(tool.name, tool);
  }
  return new Map([...byName].sort(([a], [b]) => (a < b ? -1 : 1)));
}
