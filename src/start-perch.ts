import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AppConfig } from './config/app-config.js';
import { createApp } from './create-app.js';
import { openDatabase } from './database/open-database.js';
import { DemoAccountService } from './modules/auth/index.js';
import { createLogger, Draining } from './modules/observability/index.js';
import { printWelcome } from './welcome.js';

/** After the grace period: for the hand-over of runs and the last words to their readers. */
const CONNECTIONS_END_WITHIN_MS = 1_300;

export interface RunningPerch {
  readonly app: NestExpressApplication;
  /** Where it answers, for example `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Lets open runs end, then closes everything; the embedded database last. */
  stop(signal?: string): Promise<void>;
}

/** Starts the whole process: database, application, listener. Whatever was started is stopped again when a later part fails. */
export async function startPerch(config: AppConfig): Promise<RunningPerch> {
  const logger = createLogger(config.process);
  const database = await openDatabase(config, logger);
  try {
    const app = await createApp({ ...config, database: { ...config.database, url: database.url } });
    await app.listen(config.process.port, config.process.host);
    const url = await app.getUrl();
    logger.info({ event: 'perch.started', url, version: config.process.version });
    await printWelcome(url, config, app.get(DemoAccountService));
    return {
      app,
      url,
      stop: async (signal) => {
        logger.info({ event: 'perch.stopping', signal });
        // First of all: whoever asks from here on hears that this process is not ready.
        app.get(Draining).begin();
        // A connection that does not come to an end by itself may not hold the process.
        const cutOff = setTimeout(
          () => app.getHttpServer().closeAllConnections(),
          config.process.shutdownGraceMs + CONNECTIONS_END_WITHIN_MS,
        );
        await app.close();
        clearTimeout(cutOff);
        await database.stop();
        logger.info({ event: 'perch.stopped' });
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}
