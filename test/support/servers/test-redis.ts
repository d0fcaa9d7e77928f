import { REDIS_VARIABLE } from './variables.mjs';

/** The Redis of this run, if there is one. */
export function testRedisUrl(): string | undefined {
  return process.env[REDIS_VARIABLE];
}

/** A suite that needs Redis: left out where there is none, and the global setup has said so. */
export function describeWithRedis(name: string, suite: (redisUrl: string) => void): void {
  const url = testRedisUrl();
  if (url !== undefined) describe(name, () => suite(url));
}
