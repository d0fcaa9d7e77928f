import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PinoLogger } from 'nestjs-pino';
import type { DataSourceOptions } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { DatabaseConfig } from '../config/app-config.js';
import { ControlConnection } from './control-connection.js';
import { createDataSource, dataSourceOptions } from './data-source.js';
import { DeadRows } from './dead-rows.js';
import { migrate } from './migrate.js';
import { RetryingDataSource } from './retrying-data-source.js';

/** A server that hangs, or a network that is gone, tells nobody: later than the server's own statement timeout. */
const ANSWER_TIMEOUT_MS = 20_000;

/**
 * The connection pool of the application, which connects, migrates, and only then lets the other modules start; and the
 * control connection beside it.
 */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [DatabaseConfig, PinoLogger],
      useFactory: (config: DatabaseConfig, logger: PinoLogger) => ({
        ...dataSourceOptions({
          url: config.url!.reveal(),
          poolSize: config.poolSize,
          answerTimeoutMs: ANSWER_TIMEOUT_MS,
          onPoolError: (error) => logger.warn({ event: 'database.connection_lost', err: error }),
        }),
        autoLoadEntities: true,
        retryAttempts: 5,
        retryDelay: 1000,
        logNotifications: false,
      }),
      dataSourceFactory: async (options?: DataSourceOptions) => {
        const { url } = options as PostgresDataSourceOptions;
        const maintenance = await createDataSource({ url: url!, poolSize: 2 }).initialize();
        try {
          await migrate(maintenance);
        } finally {
          await maintenance.destroy();
        }
        return new RetryingDataSource(options!).initialize();
      },
    }),
  ],
  providers: [ControlConnection, DeadRows],
  exports: [ControlConnection, DeadRows],
})
export class DatabaseModule {}
