// Parses what a model wrote, in a thread that may be ended at any moment. Kept between queries: the parser takes a tenth of
// a second to load. Plain syntax and package imports only, so that it runs from its source and from the build.
import { parentPort } from 'node:worker_threads';
import { hasSqlDetails, loadModule, parseSync } from 'libpg-query';

await loadModule();
parentPort!.on('message', ({ id, sql }: { id: number; sql: string }) => {
  parentPort!.postMessage({ id, ...parsed(sql) });
});
parentPort!.postMessage({ id: 0 });

function parsed(sql: string): { tree?: string; syntaxError?: number; isBroken?: boolean } {
  try {
    return { tree: JSON.stringify(parseSync(sql)) };
  } catch (error) {
    // Anything but a word of the parser itself may have left it in pieces.
    return hasSqlDetails(error) ? { syntaxError: error.sqlDetails?.cursorPosition ?? 0 } : { isBroken: true };
  }
}
