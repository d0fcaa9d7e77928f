import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, type EntityManager, type QueryRunner, QueryFailedError } from 'typeorm';

/** The server undid everything and says so: serialization failure, deadlock. Nothing else may simply be tried again. */
const UNDONE: ReadonlySet<unknown> = new Set(['40001', '40P01']);
const RETRIES = 3;
const FIRST_PAUSE_MS = 20;

/**
 * Repeats statements and transactions that PostgreSQL gave up for the sake of others, at most three times. Work given to
 * `transaction` may therefore run more than once, and must do nothing outside the database.
 */
export class RetryingDataSource extends DataSource {
  override query<T>(sql: string, parameters?: unknown[], queryRunner?: QueryRunner): Promise<T> {
    // Within a transaction the statement alone cannot be repeated: the whole transaction is gone.
    if (queryRunner) return super.query(sql, parameters as never, queryRunner);
    return retried(() => super.query(sql, parameters as never));
  }

  override transaction<T>(
    ...work:
      | [(manager: EntityManager) => Promise<T>]
      | [Parameters<DataSource['transaction']>[0], (manager: EntityManager) => Promise<T>]
  ): Promise<T> {
    return retried(() => super.transaction(...(work as [(manager: EntityManager) => Promise<T>])));
  }
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt > RETRIES || !isUndone(error)) throw error;
      // Whoever was in each other's way shall not meet again.
      await delay(FIRST_PAUSE_MS * 2 ** attempt * Math.random());
    }
  }
}

function isUndone(error: unknown): boolean {
  return error instanceof QueryFailedError && UNDONE.has((error.driverError as { code?: unknown }).code);
}
