import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../until.js';

/** A tool call that a replica began to execute (replica-main.mjs). */
export interface SideEffect {
  readonly tool: 'append_line' | 'idempotent_line' | 'hang';
  /** Of `hang` its milliseconds. */
  readonly text: string;
  readonly idempotencyKey: string;
  readonly toolCallId: string;
  /** `undefined` when a user called the tool directly. */
  readonly runId?: string;
  /** The process that did it. */
  readonly pid: number;
  /** `Date.now()` there. */
  readonly at: number;
}

/** What the tools of all replicas did to the world, in the order in which it happened. */
export class SideEffects {
  readonly folder = mkdtempSync(join(tmpdir(), 'perch-replicas-'));
  readonly file = join(this.folder, 'effects.jsonl');

  constructor() {
    writeFileSync(this.file, '');
  }

  /** All of them, or those whose text begins like this. */
  list(textPrefix = ''): SideEffect[] {
    return readFileSync(this.file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SideEffect)
      .filter(({ text }) => text.startsWith(textPrefix));
  }

  texts(textPrefix = ''): string[] {
    return this.list(textPrefix).map(({ text }) => text);
  }

  /** Resolves once this text was written `count` times. */
  async happened(text: string, { count = 1, withinMs = 10_000 } = {}): Promise<SideEffect> {
    const found = (): SideEffect[] => this.list().filter((effect) => effect.text === text);
    await until(() => found().length >= count, withinMs);
    return found()[count - 1]!;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
