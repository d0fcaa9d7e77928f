import { existsSync } from 'node:fs';

const ENV_FILE = '.env';

/** The process's environment, with what `.env` in the working directory adds: real variables win. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  if (existsSync(ENV_FILE)) process.loadEnvFile(ENV_FILE);
  return process.env;
}
