import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { onServer } from './on-server.mjs';

const STANDARD_POSTGRES = 'postgres://postgres@127.0.0.1:5432/postgres';
const STANDARD_REDIS = 'redis://127.0.0.1:6379';

/** The PostgreSQL to test on: as given, else the one on the standard port when it lets `postgres` in, else none. */
export async function findPostgres() {
  const given = process.env.PERCH_TEST_DATABASE_URL;
  if (given) return given;
  try {
    await onServer(STANDARD_POSTGRES, (client) => client.query('SELECT 1'));
    return STANDARD_POSTGRES;
  } catch {
    return undefined;
  }
}

/** The Redis to test with: as given, else the one on the standard port, else none. */
export async function findRedis() {
  const url = process.env.PERCH_TEST_REDIS_URL ?? STANDARD_REDIS;
  const { hostname, port } = new URL(url);
  const isThere = await new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 1_000 });
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
  return isThere ? url : undefined;
}

/**
 * The program, for tests that start and break a Redis of their own.
 * @returns {string | undefined}
 */
export function findRedisServer() {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
