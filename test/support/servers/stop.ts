import { dropTemplate } from './template-database.js';
import { stopAll } from './started.js';
import { POSTGRES_VARIABLE } from './test-servers.js';

export default async function stop(): Promise<void> {
  const url = process.env[POSTGRES_VARIABLE];
  if (url === undefined) return;
  delete process.env[POSTGRES_VARIABLE];
  await dropTemplate(url);
  await stopAll();
}
