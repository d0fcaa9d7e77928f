import { existsSync } from 'node:fs';
import { loadConfig, ConfigError } from './config/load-config.js';
import { startPerch } from './start-perch.js';

/** Reads the configuration, starts everything and stops it again on SIGTERM and SIGINT. A second signal ends at once. */
async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const perch = await startPerch(loadConfig(process.env));

  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    perch.stop(signal).then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function fail(error: unknown): never {
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : String((error as Error).stack ?? error)}\n`,
  );
  process.exit(1);
}

main().catch(fail);
