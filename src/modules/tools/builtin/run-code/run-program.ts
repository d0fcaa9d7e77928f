import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { PRELUDE } from './prelude.js';
import type { Program, ProgramOutcome } from './program-outcome.js';
import { readError, readReport } from './program-report.js';

/** How the program is called in its own error messages. */
const FILE = 'code.js';
/** Top-level `await`. The library passes flags on as they are, but has no name for this one (JS_EVAL_FLAG_ASYNC). */
const ASYNC = 128;
const COMPILE_ONLY = 32;
/** QuickJS stops a recursion here; WebAssembly's own stack, which it lives on, is larger. */
const MAX_STACK_BYTES = 256 * 1024;
/** Between two looks at the clock. */
const JOBS_AT_ONCE = 100;

/**
 * Runs a program of the model in a runtime of its own. Never throws for what the program does. It may not return in
 * time, when the program is deep in native code: whoever calls it does so in a thread that can be ended.
 */
export function runProgram(quickJs: QuickJSWASMModule, program: Program): ProgramOutcome {
  const deadline = performance.now() + program.timeoutMs;
  let isOverdue = false;
  const runtime = quickJs.newRuntime({
    memoryLimitBytes: program.memoryMb * 1024 * 1024,
    maxStackSizeBytes: MAX_STACK_BYTES,
    interruptHandler: () => (isOverdue ||= performance.now() > deadline),
  });
  try {
    const outcome = evaluate(runtime, program, () => performance.now() > deadline);
    return isOverdue ? { kind: 'timeout' } : outcome;
  } catch (error) {
    if (isOverdue || error instanceof Overdue) return { kind: 'timeout' };
    // WebAssembly has trapped or run out of stack: the interpreter is not in a state to say more.
    if (error instanceof RangeError || (error as Error).name === 'RuntimeError') return { kind: 'memory' };
    throw error;
  }
  // Nothing is disposed of: the thread ends with its memory, and a runtime that was interrupted may not be fit for it.
}

class Overdue extends Error {}

/** A JavaScript exception inside, on its way to the model. */
class Thrown extends Error {
  readonly handle: QuickJSHandle;
  constructor(handle: QuickJSHandle) {
    super();
    this.handle = handle;
  }
}

function evaluate(runtime: QuickJSRuntime, program: Program, isLate: () => boolean): ProgramOutcome {
  const context = runtime.newContext();
  const prelude = context.unwrapResult(context.evalCode(PRELUDE, 'prelude.js', { type: 'global' }));
  const parts = context.unwrapResult(
    context.callFunction(prelude, context.undefined, context.newString(program.dataJson)),
  );
  const [valueOf, report, describe] = ['valueOf', 'report', 'describe'].map((name) =>
    context.getProp(parts, name),
  );
  const call = (part: QuickJSHandle | undefined, argument: QuickJSHandle): QuickJSHandle =>
    valueOrThrow(context.callFunction(part!, context.undefined, argument));
  try {
    const box = settle(runtime, context, run(context, program.code), isLate);
    const value = settle(runtime, context, call(valueOf, box), isLate);
    return readReport(context.getString(call(report, value)));
  } catch (error) {
    if (!(error instanceof Thrown)) throw error;
    return readError(context.getString(call(describe, error.handle)), FILE);
  }
}

/** Starts the program. What it comes to is a promise of a box with the value in it. */
function run(context: QuickJSContext, code: string): QuickJSHandle {
  const asScript = context.evalCode(code, FILE, ASYNC | COMPILE_ONLY);
  if (!asScript.error) return valueOrThrow(context.evalCode(code, FILE, ASYNC));
  // Then it may be the body of a function, with `return`. If the text breaks out of this frame, it is just another
  // program: there is nothing around it that it could reach.
  const asBody = `(async () => {${code}\n})()`;
  const compiled = context.evalCode(asBody, FILE, ASYNC | COMPILE_ONLY);
  if (compiled.error) throw new Thrown(asScript.error);
  return valueOrThrow(context.evalCode(asBody, FILE, ASYNC));
}

/** Waits for a promise: does what is pending until it is settled. Whatever is no promise is its own value. */
function settle(
  runtime: QuickJSRuntime,
  context: QuickJSContext,
  value: QuickJSHandle,
  isLate: () => boolean,
): QuickJSHandle {
  for (;;) {
    const state = context.getPromiseState(value);
    if (state.type === 'fulfilled') return state.value;
    if (state.type === 'rejected') throw new Thrown(state.error);
    if (isLate()) throw new Overdue();
    const done = runtime.executePendingJobs(JOBS_AT_ONCE);
    if (done.error) throw new Thrown(done.error);
    if (done.value === 0) {
      throw new Thrown(
        context.newError({
          name: 'NeverSettled',
          message:
            'It waits for a promise that nothing here can settle: there are no timers, no events, no network.',
        }),
      );
    }
  }
}

function valueOrThrow(result: ReturnType<QuickJSContext['callFunction']>): QuickJSHandle {
  if (result.error) throw new Thrown(result.error);
  return result.value;
}
