import { Injectable } from '@nestjs/common';
import type { Tool, ToolSource } from './tool.js';

/** Tools that come from modules which know this one, and which it does not know. Added while they start. */
@Injectable()
export class ContributedTools implements ToolSource {
  private all: readonly Tool[] = [];

  add(tools: readonly Tool[]): void {
    this.all = [...this.all, ...tools];
  }

  tools(): readonly Tool[] {
    return this.all;
  }
}
