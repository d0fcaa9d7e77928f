import { stopAll } from './started.mjs';
import { POSTGRES_VARIABLE } from './variables.mjs';

export default async function stop() {
  delete process.env[POSTGRES_VARIABLE];
  await stopAll();
}
