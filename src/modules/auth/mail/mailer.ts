import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type Mail, MailRefused, MailTransport } from './mail.js';

const MAX_WAITING = 500;
const CONCURRENCY = 4;
const DEADLINE_MS = 20_000;
/** Before each further try. Whoever needs a mail later than that asks for it again. */
const PAUSES_MS = [1_000, 10_000, 60_000];
/** How long a shutdown waits for mails that are on their way. */
const STOP_MS = 3_000;

/**
 * Sends mails beside the requests that they come from: nobody waits for a mail server, and no answer tells whether there is
 * a mail. They are kept in memory alone; what a process that ends has not sent is asked for again by whoever misses it.
 */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly waiting: Mail[] = [];
  private readonly working = new Set<Promise<void>>();
  private readonly stopped = new AbortController();

  constructor(
    private readonly transport: MailTransport,
    private readonly logger: PinoLogger,
  ) {}

  /** Returns at once. A mail for which there is no room is dropped, and the log says so. */
  send(mail: Mail): void {
    if (this.stopped.signal.aborted || this.waiting.length >= MAX_WAITING) {
      this.logger.error({ event: 'mail.dropped', mail: mail.kind });
      return;
    }
    this.waiting.push(mail);
    if (this.working.size < CONCURRENCY) this.start();
  }

  /** Gives those that are on their way a moment; pauses are not waited for. */
  async onApplicationShutdown(): Promise<void> {
    const late = delay(STOP_MS, undefined, { ref: false });
    this.stopped.abort();
    await Promise.race([Promise.all(this.working), late]);
    if (this.waiting.length > 0) this.logger.error({ event: 'mail.dropped', count: this.waiting.length });
  }

  private start(): void {
    const work = this.work();
    this.working.add(work);
    void work.finally(() => this.working.delete(work));
  }

  private async work(): Promise<void> {
    for (let mail = this.waiting.shift(); mail; mail = this.waiting.shift()) {
      await this.deliver(mail);
      if (this.stopped.signal.aborted) return;
    }
  }

  private async deliver(mail: Mail): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.transport.send(mail, AbortSignal.timeout(DEADLINE_MS));
        this.logger.info({ event: 'mail.sent', mail: mail.kind, attempt });
        return;
      } catch (error) {
        const pauseMs = error instanceof MailRefused ? undefined : PAUSES_MS[attempt - 1];
        const about = { mail: mail.kind, attempt, reason: reasonOf(error) };
        if (pauseMs === undefined || this.stopped.signal.aborted) {
          this.logger.error({ event: 'mail.given_up', ...about });
          return;
        }
        this.logger.warn({ event: 'mail.not_sent', ...about });
        const { signal } = this.stopped;
        const isStopped = await delay(pauseMs * (0.75 + Math.random() / 2), false, {
          signal,
          ref: false,
        }).catch(() => true);
        if (isStopped) return;
      }
    }
  }
}

/** A code and no text: servers like to name the address that they speak of. */
function reasonOf(error: unknown): string {
  const { code, name } = (error instanceof MailRefused ? error.cause : error) as {
    code?: unknown;
    name?: unknown;
  };
  const word = code ?? name;
  return typeof word === 'string' ? word : 'unknown';
}
