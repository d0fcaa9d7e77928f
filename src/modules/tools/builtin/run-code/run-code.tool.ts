import { z } from 'zod';
import type { ToolsConfig } from '../../../../config/app-config.js';
import type { JsonValue } from '../../../../shared/llm/json.js';
import { defineTool } from '../../define-tool.js';
import type { ComputeSandbox } from '../../sandbox/compute-sandbox.js';
import { WorkerJobError } from '../../sandbox/run-in-worker.js';
import { type Tool, ToolError } from '../../tool.js';
import type { ProgramOutcome } from './program-outcome.js';
import { quickJsWasm } from './quickjs-wasm.js';
import type { RunCodeInput } from './run-code.worker.js';

const MAX_CODE_LENGTH = 20_000;
const MAX_DATA_BYTES = 256 * 1024;
const MAX_ANSWER_BYTES = 256 * 1024;
/** For the program to end by itself before its thread is ended. */
const ALLOWANCE_MS = 50;
/** For the interpreter to come up in the thread. */
const LOAD_LIMIT_MS = 5_000;
/** For the line in front of the sandbox, and for a thread to start. */
const MAX_WAIT_MS = 25_000;
/** Of the thread's own heap; what the program makes lives in WebAssembly's memory. */
const THREAD_MEMORY_MB = 32;

/** Runs a program of the model, in QuickJS, in a thread of its own. */
export function runCodeTool(sandbox: ComputeSandbox, { code: limits }: Pick<ToolsConfig, 'code'>): Tool {
  return defineTool({
    name: 'run_code',
    description:
      'Runs a JavaScript program and returns its result: for exact arithmetic, dates, parsing, and work on text, lists ' +
      'and JSON that you pass in as `data`. The result is the value of the last expression, or what a top-level `return` ' +
      'returns; promises are awaited. It must be JSON; wrap an object literal in parentheses: `({ total })`. BigInt, NaN ' +
      'and Infinity come back as text, Map and Set as lists. console.log is returned as `logs`. Plain ECMAScript only: ' +
      'no network, files, imports, require, timers, Node or browser APIs, and nothing is kept between calls. ' +
      `Limits: ${limits.timeoutMs} ms, ${limits.memoryMb} MB; a result over 64 kB is cut and marked \`truncated\`.`,
    input: z.strictObject({
      code: z
        .string()
        .min(1)
        .max(MAX_CODE_LENGTH)
        .describe(
          'For example "const sum = data.prices.reduce((a, b) => a + b, 0); sum / data.prices.length".',
        ),
      data: z.unknown().optional().describe('Any JSON. It is the global variable `data` of the program.'),
    }),
    sideEffect: 'read',
    isIdempotent: true,
    timeoutMs: limits.timeoutMs + MAX_WAIT_MS,
    execute: async ({ code, data }, { userId, signal }) => {
      const dataJson = toBoundedText(data);
      const input: RunCodeInput = { code, dataJson, ...limits, wasm: await quickJsWasm() };
      const answer = sandbox.run({
        owner: userId,
        script: new URL('./run-code.worker.js', import.meta.url),
        input,
        timeoutMs: limits.timeoutMs + ALLOWANCE_MS,
        loadLimitMs: LOAD_LIMIT_MS,
        memoryMb: THREAD_MEMORY_MB,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        signal,
      });
      const outcome = (await answer.catch((error: unknown) => outcomeOf(error, signal))) as ProgramOutcome;
      return toResult(outcome, limits);
    },
  });
}

/** Empty for no data. */
function toBoundedText(data: unknown): string {
  let text: string;
  try {
    text = data === undefined ? '' : JSON.stringify(data);
  } catch {
    throw new ToolError('too_large', '`data` is nested too deep.');
  }
  if (Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new ToolError(
      'too_large',
      `\`data\` may have ${MAX_DATA_BYTES / 1024} kB of JSON. Pass less of it.`,
    );
  }
  return text;
}

/** Of a thread that was ended. */
function outcomeOf(error: unknown, signal: AbortSignal): ProgramOutcome {
  if (!(error instanceof WorkerJobError)) throw error;
  switch (error.reason) {
    case 'timeout':
    case 'memory':
      return { kind: error.reason };
    case 'too_large':
      throw new ToolError('too_large', 'The result is too large. Return less of it.');
    case 'busy':
      throw new ToolError('busy', 'Too much is being computed at the moment. Try again in a moment.');
    case 'cancelled':
      throw signal.aborted ? signal.reason : error;
    case 'crashed':
      // No outage of the tool: a program that manages this must not take the tool away from others.
      throw new ToolError('code_error', 'The program ended the interpreter. Write it differently.');
  }
}

function toResult(outcome: ProgramOutcome, { timeoutMs, memoryMb }: ToolsConfig['code']): JsonValue {
  switch (outcome.kind) {
    case 'done': {
      const { result, logs, truncated } = outcome;
      return { result, ...(logs === undefined ? {} : { logs }), ...(truncated ? { truncated } : {}) };
    }
    case 'failed': {
      const place = outcome.line === undefined ? '' : ` (line ${outcome.line})`;
      throw new ToolError('code_error', `${outcome.name}: ${outcome.message}${place}`);
    }
    case 'timeout':
      throw new ToolError('timeout', `The program took longer than ${timeoutMs} ms. Make it do less.`);
    case 'memory':
      throw new ToolError('memory', `The program needed more than ${memoryMb} MB, or recursed too deep.`);
  }
}
