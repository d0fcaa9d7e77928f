import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ControlConnection } from '../../../database/control-connection.js';
import type { Credential } from '../../../shared/context/credential.js';
import { CredentialNews } from './credential-news.js';
import { LiveCredentialsRepository } from './live-credentials.repository.js';

/** Behind the notifications: what they miss is found so much later. With one query it is well below five seconds. */
const POLL_MS = 2_000;

/** Asked about in one statement: others wait for the same connection. */
const BATCH = 1_000;

export interface WatchedCredential {
  /** Fires when the credential is revoked, or its account disabled or deleted; on whichever replica that was done. */
  readonly signal: AbortSignal;
  /** Call it when what the credential has opened is closed; further calls do nothing. */
  release(): void;
}

interface Watch {
  readonly credential: Credential;
  readonly revoked: AbortController;
}

/**
 * What is open on the strength of a credential, such as a stream or a run, and must end within five seconds when it is revoked. An
 * access token or key that merely expires closes nothing that is open.
 */
@Injectable()
export class LiveCredentials implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly watches = new Set<Watch>();
  private timer: NodeJS.Timeout | undefined;
  private isPolling = false;

  constructor(
    private readonly credentials: LiveCredentialsRepository,
    private readonly news: CredentialNews,
    private readonly control: ControlConnection,
    private readonly logger: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.news.onChanged((userId) => void this.check((credential) => credential.userId === userId));
    this.control.onConnected(() => void this.check(() => true));
    this.timer = setInterval(() => void this.poll(), POLL_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** `undefined` is nobody's credential, which cannot be revoked. */
  watch(credential: Credential | undefined): WatchedCredential {
    const revoked = new AbortController();
    if (!credential) return { signal: revoked.signal, release: () => undefined };
    const watch: Watch = { credential, revoked };
    this.watches.add(watch);
    return { signal: revoked.signal, release: () => void this.watches.delete(watch) };
  }

  /** For whoever has deleted or disabled an account: all that is open in its name ends, on every replica. */
  revokeUser(userId: string): void {
    this.news.changed(userId);
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    await this.check(() => true);
    this.isPolling = false;
  }

  private async check(concerns: (credential: Credential) => boolean): Promise<void> {
    const asked = [...this.watches].filter(({ credential }) => concerns(credential));
    if (asked.length === 0) return;
    const distinct = [...new Map(asked.map(({ credential }) => [credential.id, credential])).values()];
    try {
      for (let start = 0; start < distinct.length; start += BATCH) {
        const revoked = await this.credentials.revoked(distinct.slice(start, start + BATCH));
        if (revoked.size === 0) continue;
        for (const watch of asked) if (revoked.has(watch.credential.id)) this.end(watch);
      }
    } catch (error) {
      this.logger.warn({ event: 'auth.live_credentials_not_checked', err: error });
    }
  }

  private end(watch: Watch): void {
    if (!this.watches.delete(watch)) return;
    const { kind, userId } = watch.credential;
    this.logger.info({ event: 'auth.revoked', credential: kind, user_id: userId });
    watch.revoked.abort();
  }
}
