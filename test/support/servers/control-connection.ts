import type { PinoLogger } from 'nestjs-pino';
import { Secret } from '../../../src/config/secret.js';
import { ControlConnection } from '../../../src/database/control-connection.js';
import { KeptLog } from '../a-logger.js';

/** A control connection to the database at `url`; close it with `onApplicationShutdown`. */
export function aControlConnection(
  url: string,
  logger: PinoLogger = new KeptLog().logger,
): ControlConnection {
  const config = { url: new Secret(url), isEmbedded: false, poolSize: 1, redisUrl: undefined };
  return new ControlConnection(config, logger);
}
