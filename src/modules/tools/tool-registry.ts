import { Inject, Injectable } from '@nestjs/common';
import type { Tool } from './tool.js';

export const TOOLS = Symbol('TOOLS');

/** What Anthropic, OpenAI and MCP all accept as a tool's name. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** All tools of this installation, by name. Wrong or repeated names are a fault of the build: it does not start. */
@Injectable()
export class ToolRegistry {
  private readonly tools: ReadonlyMap<string, Tool>;

  constructor(@Inject(TOOLS) tools: readonly Tool[]) {
    const byName = new Map<string, Tool>();
    for (const tool of tools) {
      if (!TOOL_NAME.test(tool.name)) throw new Error(`not a tool name: ${tool.name}`);
      if (byName.has(tool.name)) throw new Error(`two tools are named ${tool.name}`);
      byName.set(tool.name, tool);
    }
    this.tools = new Map([...byName].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get(name: string): Tool | undefined {
    return this.tools.get(name);
  }

  /** Sorted by name: the order is part of what vendors cache. */
  list(): readonly Tool[] {
    return [...this.tools.values()];
  }
}
