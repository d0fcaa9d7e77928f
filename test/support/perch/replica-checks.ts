import { until } from '../until.js';
import type { Replica } from './replica.js';

interface Readiness {
  readonly status: number;
  readonly checks: Readonly<Record<string, string>>;
}

export async function readinessOf(replica: Replica): Promise<Readiness> {
  const response = await replica.anonymous().get('/health/ready');
  const { checks = {} } = (await response.json()) as { checks?: Record<string, string> };
  return { status: response.status, checks };
}

export async function becomeReady(replicas: readonly Replica[], withinMs = 5_000): Promise<void> {
  await until(async () => {
    const found = await Promise.all(replicas.map(readinessOf));
    return found.every(({ status }) => status === 200);
  }, withinMs);
}

/** Fails when the process has ended, or has printed what no part of Perch prints: a rejection or exception of nobody's. */
export function expectUnharmed(replica: Replica): void {
  const { logs } = replica;
  const foreign = logs.filter((line) => line.raw !== undefined || line.level === 'fatal');
  if (foreign.length > 0 || !replica.isAlive) {
    const printed = foreign.map((line) => line.raw ?? JSON.stringify(line)).join('\n');
    throw new Error(`The replica ${replica.isAlive ? 'lives' : 'has ended'} and printed:\n${printed}`);
  }
}

/** How long it takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
