import { readEnvironment } from './config/environment.js';
import { ConfigError, loadConfig } from './config/load-config.js';
import { startPerch } from './start-perch.js';

/** npm passes Ctrl-C on although the terminal has sent it to us already: what follows so closely is the same wish. */
const SAME_WISH_MS = 1_000;
/** After the grace period everything is handed over and closed; what is not done by then is not waited for. */
const CLOSED_WITHIN_MS = 1_900;

/** Reads the configuration, starts everything and stops it again on SIGTERM and SIGINT. Asked again, it ends at once. */
async function main(): Promise<void> {
  const config = loadConfig(readEnvironment());
  const starting = startPerch(config);

  // Before the start is through: a signal then must not leave the embedded database behind.
  let stopping: { readonly signal: NodeJS.Signals; readonly sinceMs: number } | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      const isSameWish = signal === 'SIGINT' && stopping.signal === 'SIGINT';
      if (!isSameWish || performance.now() - stopping.sinceMs > SAME_WISH_MS) process.exit(1);
      return;
    }
    stopping = { signal, sinceMs: performance.now() };
    const tooLate = setTimeout(
      () => fail('The shutdown took too long and was given up.'),
      config.process.shutdownGraceMs + CLOSED_WITHIN_MS,
    );
    tooLate.unref();
    starting
      .then((perch) => perch.stop(signal))
      .then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await starting;
}

function fail(error: unknown): never {
  const text =
    error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

main().catch(fail);
