import { readEnvironment } from './config/environment.js';
import { ConfigError, loadConfig } from './config/load-config.js';
import { startPerch } from './start-perch.js';

/** npm passes Ctrl-C on although the terminal has sent it to us already: what follows so closely is the same wish. */
const SAME_WISH_MS = 1_000;

/** Reads the configuration, starts everything and stops it again on SIGTERM and SIGINT. Asked again, it ends at once. */
async function main(): Promise<void> {
  const starting = startPerch(loadConfig(readEnvironment()));

  // Before the start is through: a signal then must not leave the embedded database behind.
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > SAME_WISH_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
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
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : String((error as Error).stack ?? error)}\n`,
  );
  process.exit(1);
}

main().catch(fail);
