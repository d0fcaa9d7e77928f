import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import type { Principal } from '../../../src/shared/context/principal.js';

/** A user in the database, and the principal that goes with it. */
export async function aUser(dataSource: DataSource): Promise<Principal> {
  const userId = v7();
  const email = `${userId}@example.com`;
  await dataSource.query(
    `INSERT INTO user_account (id, email, password_hash, tier, roles, permissions, created_at, updated_at)
     VALUES ($1, $2, 'x', 'free', '{user}', '{}', now(), now())`,
    [userId, email],
  );
  return { userId, email, tier: 'free', roles: ['user'], permissions: new Set(['agent:run']) };
}
