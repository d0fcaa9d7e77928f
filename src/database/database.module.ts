import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PinoLogger } from 'nestjs-pino';
import type { DataSourceOptions } from 'typeorm';
import { DatabaseConfig } from '../config/app-config.js';
import { ControlConnection } from './control-connection.js';
import { dataSourceOptions } from './data-source.js';
import { migrate } from './migrate.js';
import { RetryingDataSource } from './retrying-data-source.js';

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
          onPoolError: (error) => logger.warn({ event: 'database.connection_lost', err: error }),
        }),
        autoLoadEntities: true,
        retryAttempts: 5,
        retryDelay: 1000,
        logNotifications: false,
      }),
      dataSourceFactory: async (options?: DataSourceOptions) => {
        const dataSource = await new RetryingDataSource(options!).initialize();
        await migrate(dataSource).catch(async (error: unknown) => {
          await dataSource.destroy();
          throw error;
        });
        return dataSource;
      },
    }),
  ],
  providers: [ControlConnection],
  exports: [ControlConnection],
})
export class DatabaseModule {}
