// npm run migration -- show | run | revert: the database's schema by hand, on the built application.
import { readEnvironment } from '../dist/config/environment.js';
import { loadConfig } from '../dist/config/load-config.js';
import { createDataSource } from '../dist/database/data-source.js';
import { migrate, schemaState } from '../dist/database/migrate.js';
import { MIGRATIONS } from '../dist/database/migrations/index.js';
import { openDatabase } from '../dist/database/open-database.js';

const COMMANDS = {
  async show(dataSource) {
    const hasTable = (await schemaState(dataSource)) !== 'pending' || (await hasRun(dataSource));
    const ran = hasTable
      ? new Set((await dataSource.query('SELECT name FROM schema_migration')).map(({ name }) => name))
      : new Set();
    for (const { name } of MIGRATIONS) console.log(`${ran.has(name) ? '[x]' : '[ ]'} ${name}`);
  },
  async run(dataSource) {
    const ran = await migrate(dataSource);
    console.log(ran.length > 0 ? `ran: ${ran.join(', ')}` : 'nothing to do');
  },
  async revert(dataSource) {
    await dataSource.undoLastMigration({ transaction: 'each' });
    console.log('the last migration was reverted');
  },
};

async function hasRun(dataSource) {
  const [{ exists }] = await dataSource.query(`SELECT to_regclass('schema_migration') IS NOT NULL AS exists`);
  return exists;
}

const command = COMMANDS[process.argv[2]];
if (!command) {
  console.error('npm run migration -- show | run | revert');
  process.exit(2);
}
const quiet = { info: () => undefined, warn: () => undefined, error: (line) => console.error(line) };
const database = await openDatabase(loadConfig(readEnvironment()), quiet);
try {
  const dataSource = await createDataSource({ url: database.url.reveal(), poolSize: 2 }).initialize();
  await command(dataSource);
  await dataSource.destroy();
} finally {
  await database.stop();
}
