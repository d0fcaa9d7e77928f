import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Worker } from 'node:worker_threads';
import { ToolError } from '../../tool.js';
import { SqlRefused } from './sql-refused.js';
import type { SyntaxTree } from './syntax-tree.js';

/** Characters and bytes; more is no question that a model would ask. */
export const MAX_SQL_LENGTH = 10_000;
/** As JSON. A tree that is larger belongs to a query that only means to be large. */
const MAX_TREE_LENGTH = 400_000;
/** Of brackets; the parser goes deeper with each, and leaves no trace of those that group nothing. */
const MAX_NESTING = 100;
const START_LIMIT_MS = 10_000;
const PARSE_LIMIT_MS = 1_000;
const MEMORY_MB = 128;

interface Answer {
  readonly id: number;
  readonly tree?: string;
  /** Where, from 0. */
  readonly syntaxError?: number;
  readonly isBroken?: boolean;
}

/**
 * PostgreSQL's own parser, in one thread of its own that is kept, and replaced whenever a query breaks it: hostile SQL of
 * 10 kB can keep it busy for most of a second and overflow its stack. One query at a time.
 */
@Injectable()
export class SqlParser implements OnApplicationShutdown {
  private worker: Promise<Worker> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private nextId = 1;

  /** Throws `ToolError` (`syntax_error`) and `SqlRefused` for what is too large or too complex. */
  async parse(sql: string): Promise<SyntaxTree> {
    if (Buffer.byteLength(sql) > MAX_SQL_LENGTH) throw tooComplex('too_long');
    if (sql.includes('\u0000') || !sql.isWellFormed()) throw new SqlRefused('not_text', 'This is no text.');
    if (nestingOf(sql) > MAX_NESTING) throw tooComplex('too_deep');
    const turn = this.last.then(() => this.ask(sql));
    this.last = turn.catch(() => undefined);
    const answer = await turn;
    if (answer.syntaxError !== undefined) {
      const near = sql.slice(Math.max(0, answer.syntaxError - 20), answer.syntaxError + 20);
      throw new ToolError(
        'syntax_error',
        `PostgreSQL does not understand this near ${JSON.stringify(near)}.`,
      );
    }
    if (answer.tree === undefined || answer.tree.length > MAX_TREE_LENGTH) throw tooComplex('too_deep');
    return JSON.parse(answer.tree) as SyntaxTree;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.end();
  }

  private async ask(sql: string): Promise<Answer> {
    const worker = await (this.worker ??= this.start());
    const id = (this.nextId += 1);
    const answer = await answerOf(worker, id, PARSE_LIMIT_MS, () => worker.postMessage({ id, sql }));
    if (!answer || answer.isBroken) await this.end();
    return answer ?? { id, isBroken: true };
  }

  private async start(): Promise<Worker> {
    // Jest runs the sources, production the build.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./parse-sql.worker.${extension}`, import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, stackSizeMb: 4 },
    });
    worker.unref();
    const forget = (): void => {
      this.worker = undefined;
    };
    worker.once('exit', forget);
    worker.on('error', forget);
    if (!(await answerOf(worker, 0, START_LIMIT_MS, () => undefined))) {
      await worker.terminate();
      throw tooComplex('parser_unavailable');
    }
    return worker;
  }

  private async end(): Promise<void> {
    const worker = await this.worker?.catch(() => undefined);
    this.worker = undefined;
    await worker?.terminate();
  }
}

/** `undefined`: there is none, in time. */
function answerOf(
  worker: Worker,
  id: number,
  withinMs: number,
  ask: () => void,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: Answer | undefined): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      worker.off('exit', onEnd);
      worker.off('error', onEnd);
      resolve(answer);
    };
    const onMessage = (answer: Answer): void => {
      if (answer.id === id) settle(answer);
    };
    const onEnd = (): void => settle(undefined);
    const timer = setTimeout(onEnd, withinMs);
    worker.on('message', onMessage);
    worker.once('exit', onEnd);
    worker.once('error', onEnd);
    ask();
  });
}

/** The deepest that brackets may nest. Those within texts count too: it is only a bound. */
function nestingOf(sql: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of sql) {
    if (character === '(' || character === '[') deepest = Math.max(deepest, (depth += 1));
    else if (character === ')' || character === ']') depth = Math.max(0, depth - 1);
  }
  return deepest;
}

function tooComplex(reason: string): SqlRefused {
  return new SqlRefused(reason, 'The query is too long or too complex. Ask for less at a time.');
}
