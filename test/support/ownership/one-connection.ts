import type { DataSource, QueryRunner } from 'typeorm';

/**
 * A data source whose statements all go over one connection, within one transaction that is thrown away. They are kept, and
 * may be changed on their way: that is how a test sees what a condition is good for.
 */
export class OneConnection {
  statements: string[] = [];
  private rewrite: (sql: string) => string = (sql) => sql;

  private constructor(
    readonly dataSource: DataSource,
    private readonly runner: QueryRunner,
    /** Gives the connection back, so that the data source can be closed. */
    readonly release: () => Promise<void>,
  ) {
    const query = runner.query.bind(runner) as (...all: unknown[]) => Promise<never>;
    runner.query = (sql: string, ...rest: unknown[]) => {
      this.statements.push(sql);
      return query(this.rewrite(sql), ...rest);
    };
  }

  /** Takes the data source over: nobody else may use it. */
  static async of(dataSource: DataSource): Promise<OneConnection> {
    const runner = dataSource.createQueryRunner();
    await runner.connect();
    const release = runner.release.bind(runner);
    runner.release = async () => undefined;
    dataSource.createQueryRunner = () => runner;
    return new OneConnection(dataSource, runner, release);
  }

  /** Does `work` with the statements changed like this. */
  async rewriting<T>(rewrite: (sql: string) => string, work: () => Promise<T>): Promise<T> {
    this.statements = [];
    this.rewrite = rewrite;
    try {
      return await work();
    } finally {
      this.rewrite = (sql) => sql;
    }
  }

  async discarding<T>(work: () => Promise<T>): Promise<T> {
    await this.runner.startTransaction();
    try {
      return await work();
    } finally {
      while (this.runner.isTransactionActive) await this.runner.rollbackTransaction();
    }
  }
}
