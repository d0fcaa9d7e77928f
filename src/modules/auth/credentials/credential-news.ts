import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CHANNEL, ControlConnection } from '../../../database/control-connection.js';

/** Begins the notifications that are of this kind: `principal <user id>`. */
const WORD = 'principal';

/**
 * Tells every process that something about a user or what they have shown (sessions, keys, the account itself) has changed.
 * It says what to look at, not what has become of it: that is asked of the database. Who misses it finds out by itself
 * within PRINCIPAL_TTL_MS.
 */
@Injectable()
export class CredentialNews implements OnModuleInit {
  private readonly listeners: ((userId: string) => void)[] = [];

  constructor(
    private readonly control: ControlConnection,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.control.onNotification((payload) => {
      const [word, userId] = payload.split(' ');
      if (word === WORD && userId) this.tell(userId);
    });
  }

  onChanged(listener: (userId: string) => void): void {
    this.listeners.push(listener);
  }

  /** After the change is committed. This process knows it when this returns, the others a moment later. */
  changed(userId: string): void {
    this.tell(userId);
    void this.tellOthers(userId);
  }

  private tell(userId: string): void {
    for (const listener of this.listeners) listener(userId);
  }

  private async tellOthers(userId: string): Promise<void> {
    try {
      await this.control.query('SELECT pg_notify($1, $2)', [CHANNEL, `${WORD} ${userId}`]);
    } catch (error) {
      this.logger.warn({ event: 'auth.change_not_told', user_id: userId, err: error });
    }
  }
}
