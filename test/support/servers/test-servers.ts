import { Client } from 'pg';

/** Where the servers are; handed from the global setup to the workers through the environment. */
export const POSTGRES_VARIABLE = 'PERCH_RUN_POSTGRES_URL';
export const REDIS_VARIABLE = 'PERCH_RUN_REDIS_URL';

const STANDARD_POSTGRES = 'postgres://postgres@127.0.0.1:5432/postgres';

/** The server to test on, or `undefined` when the embedded one has to be started. */
export async function findPostgres(): Promise<string | undefined> {
  const given = process.env.PERCH_TEST_DATABASE_URL;
  if (given) return given;
  return (await answers(STANDARD_POSTGRES)) ? STANDARD_POSTGRES : undefined;
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
