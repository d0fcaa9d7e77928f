import type { MigrationInterface } from 'typeorm';

/** All migrations in order. A new one is a new line here. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [];
