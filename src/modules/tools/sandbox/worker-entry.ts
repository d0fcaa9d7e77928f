import { registerHooks } from 'node:module';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';

/*
 * What every worker of `run-in-worker.ts` starts with: it makes the job's script harmless to the thread that waits for
 * it, then runs the script. Imports nothing of ours: from sources it runs before their names can be resolved.
 */

/** Of what is told about a crash. */
const MAX_CRASH_LENGTH = 1_000;

const [script, maxAnswerBytes] = process.argv.splice(2) as [string, string];

// From TypeScript sources (tests), where Node removes the types but looks for `x.js` under that very name.
if (import.meta.url.endsWith('.ts')) {
  registerHooks({
    resolve: (specifier, context, next) => {
      const isOurs = /^\.{1,2}\//.test(specifier) && !context.parentURL?.includes('/node_modules/');
      return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
    },
  });
}

// Nothing is printed: a thread's output would be kept in the memory of the main one.
for (const stream of [process.stdout, process.stderr]) stream.write = () => true;

const port = parentPort!;
const post = port.postMessage.bind(port);
let hasAnswered = false;

function send(message: object, transfer: ArrayBuffer[] = []): void {
  if (hasAnswered) return;
  hasAnswered = true;
  post(message, transfer);
}

function crash(error: unknown): void {
  const detail = String(error instanceof Error ? error.stack : error);
  send({ kind: 'crashed', detail: detail.slice(0, MAX_CRASH_LENGTH) });
}

// A structured clone of whatever it is would be built on the main thread; bytes are handed over as they are.
function answer(value: unknown): void {
  if (hasAnswered) return;
  const bytes = new TextEncoder().encode(JSON.stringify(value) ?? 'null');
  if (bytes.byteLength > Number(maxAnswerBytes)) send({ kind: 'too_large' });
  else send({ kind: 'answer', bytes }, [bytes.buffer]);
}

port.postMessage = answer;
process.on('uncaughtException', crash);
try {
  const { default: work } = (await import(script)) as { default?: (input: unknown) => unknown };
  if (work) {
    post({ kind: 'started' });
    answer(await work(workerData));
  }
} catch (error) {
  crash(error);
}
