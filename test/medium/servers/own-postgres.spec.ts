import { existsSync } from 'node:fs';
import { jest } from '@jest/globals';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../../src/database/data-source.js';
import { schemaState } from '../../../src/database/migrate.js';
import { onServer } from '../../support/servers/on-server.mjs';
import { type OwnPostgres, startOwnPostgres } from '../../support/servers/own-postgres.js';

jest.setTimeout(60_000);

async function dataDirectoryOf(url: string): Promise<string> {
  const { rows } = await onServer(url, (client) =>
    client.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`),
  );
  return rows[0]!.folder;
}

describe(startOwnPostgres.name, () => {
  let server: OwnPostgres;
  let dataSource: DataSource;
  beforeEach(async () => {
    server = await startOwnPostgres();
    dataSource = await createDataSource({ url: server.url, poolSize: 2 }).initialize();
  });
  afterEach(async () => {
    await dataSource.destroy();
    await server.dispose();
  });

  it('is migrated, and keeps its data and its port over an immediate shutdown', async () => {
    expect(await schemaState(dataSource)).toBe('current');
    await dataSource.query('CREATE TABLE note (text text)');
    await server.stop();
    await expect(dataSource.query('SELECT 1')).rejects.toThrow();
    await server.start();
    expect(await dataSource.query('SELECT * FROM note')).toEqual([]);
  });

  it('answers nothing while it is paused, and everything once it is resumed', async () => {
    server.pause();
    let isAnswered = false;
    const asked = dataSource.query('SELECT 1').then(() => (isAnswered = true));
    const newcomer = new Client({ connectionString: server.url, connectionTimeoutMillis: 200 });
    await expect(newcomer.connect()).rejects.toThrow('timeout');
    expect(isAnswered).toBe(false);
    server.resume();
    await asked;
  });

  it('leaves neither a process nor a file when it is disposed of, paused or not', async () => {
    const folder = await dataDirectoryOf(server.url);
    server.pause();
    await server.dispose();
    expect(existsSync(folder)).toBe(false);
    await expect(dataDirectoryOf(server.url)).rejects.toThrow('ECONNREFUSED');
  });
});
