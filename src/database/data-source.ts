import { DataSource, type DataSourceOptions, type EntitySchema } from 'typeorm';
import { RetryingDataSource } from './retrying-data-source.js';
import { MIGRATIONS } from './migrations/index.js';

/** A statement that takes longer is ended by the server: no request waits for it anyway. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** How long a request waits for a connection of the pool before it is told that the database is not available. */
const ACQUIRE_TIMEOUT_MS = 5_000;

export interface DataSourceSettings {
  readonly url: string;
  readonly poolSize: number;
  readonly entities?: (new () => object)[] | EntitySchema[];
  /** How long an answer is waited for, whatever the server does. Left out: as long as it takes, for migrations. */
  readonly answerTimeoutMs?: number;
  /** A lost idle connection: the pool replaces it. */
  readonly onPoolError?: (error: unknown) => void;
}

/** What the application, the migrations and the tests connect with. The schema changes by migrations alone. */
export function dataSourceOptions(settings: DataSourceSettings): DataSourceOptions {
  return {
    type: 'postgres',
    url: settings.url,
    synchronize: false,
    migrations: MIGRATIONS,
    migrationsTableName: 'schema_migration',
    entities: settings.entities ?? [],
    applicationName: 'perch',
    logging: false,
    poolErrorHandler: settings.onPoolError ?? (() => undefined),
    extra: {
      max: settings.poolSize,
      connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      ...(settings.answerTimeoutMs === undefined ? {} : { query_timeout: settings.answerTimeoutMs }),
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    },
  };
}

export function createDataSource(settings: DataSourceSettings): DataSource {
  return new RetryingDataSource(dataSourceOptions(settings));
}
