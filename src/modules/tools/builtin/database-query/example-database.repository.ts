import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CREATE_EXAMPLE, EXAMPLE_SCHEMA } from './example-schema.js';
import { CLOSE_DATABASE, createRestrictedRole } from './restricted-role.js';

/** One number for all processes: roles and schemas are made by one of them at a time. */
const SETUP_LOCK = 7_234_119_101;
const SECRET_NAME = 'tool_database_password';

/** Makes the example schema and the role that reads it, in Perch's own database. */
@Injectable()
export class ExampleDatabaseRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Idempotent, over all replicas. Resolves to how to log in as the role. Throws what the database throws. */
  async prepare(isOurs: boolean): Promise<{ name: string; password: string }> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [SETUP_LOCK]);
      await manager.query(
        `INSERT INTO installation_secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
        [SECRET_NAME, randomBytes(24).toString('base64url')],
      );
      const [found] = await manager.query<{ password: string; name: string }[]>(
        // Roles are known to all databases of a server, so each has one of its own.
        `SELECT value AS password, 'perch_tool_' || (SELECT oid FROM pg_database WHERE datname = current_database()) AS name
           FROM installation_secret WHERE name = $1`,
        [SECRET_NAME],
      );
      const { name, password } = found!;
      await manager.query(CREATE_EXAMPLE);
      const schemas = { schemas: [EXAMPLE_SCHEMA], alsoSchemas: [`${EXAMPLE_SCHEMA}_source`] };
      await manager.query(createRestrictedRole({ name, password, ...schemas }));
      if (isOurs) await manager.query(CLOSE_DATABASE);
      return { name, password };
    });
  }
}
