import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AppConfig } from './config/app-config.js';
import { createApp } from './create-app.js';
import { openDatabase } from './database/open-database.js';
import { DemoAccountService } from './modules/auth/index.js';
import { createLogger } from './modules/observability/index.js';
import { printWelcome } from './welcome.js';

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
        await app.close();
        await database.stop();
        logger.info({ event: 'perch.stopped' });
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}
