import { Inject, Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthIndicatorFunction, HealthIndicatorService } from '@nestjs/terminus';
import type { Redis } from 'ioredis';
import { PinoLogger } from 'nestjs-pino';
import type { SchemaState } from '../../database/migrate.js';
import { REDIS } from '../../redis/redis.module.js';
import { DatabaseHealthRepository } from './database-health.repository.js';
import { Draining } from './draining.js';
import { notReady, shuttingDown } from './health.errors.js';

/** A probe is answered soon, whatever hangs: orchestrators wait for a second. */
const CHECK_TIMEOUT_MS = 900;
/** Anyone may ask as often as they like; the database is asked ten times a second at most. */
const FRESH_MS = 100;

interface CheckResult {
  readonly details?: Readonly<Record<string, { readonly status: string }>>;
}

/** Whether this process can do its work now: its dependencies answer and it is not on its way down. */
@Injectable()
export class HealthService {
  private schema: SchemaState = 'current';

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DatabaseHealthRepository,
    private readonly draining: Draining,
    @Inject(REDIS) private readonly redis: Redis | null,
    private readonly logger: PinoLogger,
  ) {}

  /** The checks by name. Throws `shutting_down`, or `dependency_unavailable` with what failed. */
  async assertReady(): Promise<Record<string, string>> {
    if (this.draining.isDraining) throw shuttingDown();
    const { redis } = this;
    const checks: HealthIndicatorFunction[] = [
      () => this.attempt('database', async () => this.assertSchema()),
      ...(redis ? [() => this.attempt('redis', async () => void (await redis.ping()))] : []),
    ];
    try {
      return toChecks(await this.health.check(checks));
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      throw notReady(toChecks(error.getResponse() as CheckResult));
    }
  }

  private attempt(name: string, work: () => Promise<void>) {
    return this.indicators.check(name).attempt(work).withTimeout(CHECK_TIMEOUT_MS).cacheFor(FRESH_MS);
  }

  private async assertSchema(): Promise<void> {
    const state = await this.database.state();
    // A probe says only that something fails; whoever rolls out reads here what.
    if (state !== this.schema) this.logger.warn({ event: 'health.schema', state });
    this.schema = state;
    if (state !== 'current') throw new Error(`the schema is ${state}`);
  }
}

function toChecks(result: CheckResult): Record<string, string> {
  return Object.fromEntries(Object.entries(result.details ?? {}).map(([name, { status }]) => [name, status]));
}
