import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { PinoLogger } from 'nestjs-pino';
import type { Clock } from '../../../shared/context/clock.js';
import { fetchJwks, KeysUnavailable } from './fetch-jwks.js';

const DEADLINE_MS = 3_000;
/** An unknown key id makes us ask again at most so often: the provider may have a new key, or somebody plays. */
const COOLDOWN_MS = 30_000;
/** So old the keys are looked after beside the requests: what the provider has withdrawn goes. */
const REFRESH_AFTER_MS = 10 * 60_000;
/** Whoever comes so soon after a failure does not try again. */
const FAILURE_PAUSE_MS = 2_000;

/**
 * The public keys of the identity provider. Known keys go on when it is away; a key that is not known then is no reason to
 * refuse a token for good, nor to take it: KeysUnavailable is thrown.
 */
export class ProviderKeys {
  private readonly remote: ReturnType<typeof createRemoteJWKSet>;
  private askedAtMs = -Infinity;
  private failedAtMs = -Infinity;

  constructor(
    jwksUri: string,
    private readonly clock: Clock,
    private readonly logger: PinoLogger,
    cooldownMs = COOLDOWN_MS,
  ) {
    this.remote = createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: DEADLINE_MS,
      cooldownDuration: cooldownMs,
      cacheMaxAge: Infinity,
      [customFetch]: (url: string, init: Parameters<typeof fetchJwks>[1]) => this.fetch(url, init),
    });
  }

  /** For `jwtVerify`. Takes no key, and no address of one, from the token itself. */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    if (this.clock.monotonicMs() - this.askedAtMs > REFRESH_AFTER_MS && this.remote.jwks()) this.refresh();
    try {
      return await this.remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSInvalid || error instanceof errors.JWKSTimeout)
        throw new KeysUnavailable({ cause: error });
      throw error;
    }
  };

  private refresh(): void {
    this.askedAtMs = this.clock.monotonicMs();
    // A failure is told of where it happens.
    this.remote.reload().catch(() => undefined);
  }

  private async fetch(url: string, init: Parameters<typeof fetchJwks>[1]): Promise<Response> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.failedAtMs < FAILURE_PAUSE_MS) throw new KeysUnavailable();
    this.askedAtMs = nowMs;
    try {
      return await fetchJwks(url, init);
    } catch (error) {
      this.failedAtMs = this.clock.monotonicMs();
      this.logger.warn({ event: 'auth.provider_keys_unavailable', err: error });
      throw error;
    }
  }
}
