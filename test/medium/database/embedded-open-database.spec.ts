import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { loadConfig } from '../../../src/config/load-config.js';
import { openDatabase } from '../../../src/database/open-database.js';

const ignore = (): void => undefined;
const logger = { info: ignore, warn: ignore, error: ignore };

describe(openDatabase.name, () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perch-open-'));
    chmodSync(folder, 0o711);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the database `perch` in the embedded server once', async () => {
    const config = loadConfig({ PERCH_DATA_DIR: join(folder, 'data') });
    const first = await openDatabase(config, logger);
    await run(first.url.reveal(), 'CREATE TABLE note (text text)');
    await first.stop();

    const second = await openDatabase(config, logger);
    try {
      expect(second.isEmbedded).toBe(true);
      expect(String(second.url)).toBe('[redacted]');
      expect(
        await run(
          second.url.reveal(),
          `SELECT current_database() AS name, to_regclass('note') IS NOT NULL AS kept`,
        ),
      ).toEqual([{ name: 'perch', kept: true }]);
    } finally {
      await second.stop();
    }
  });

  it('starts nothing when a database is given', async () => {
    const dataDir = join(folder, 'data');
    const url = 'postgres://perch@db.internal/perch';

    const database = await openDatabase(loadConfig({ DATABASE_URL: url, PERCH_DATA_DIR: dataDir }), logger);
    await database.stop();

    expect(database.isEmbedded).toBe(false);
    expect(database.url.reveal()).toBe(url);
    expect(existsSync(dataDir)).toBe(false);
  });
});

async function run(url: string, sql: string): Promise<object[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(sql)).rows;
  } finally {
    await client.end();
  }
}
