import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type Actor, type AuditOutcome, AuditTrail } from '../observability/index.js';

export interface SecurityEvent {
  readonly actor: Actor;
  /** `<subject>.<verb>`. */
  readonly action: string;
  readonly targetType: string;
  /** A UUID. */
  readonly targetId: string;
  /** Left out: `ok`. */
  readonly outcome?: AuditOutcome;
  /** Names and ids. Never a secret, nor a hash of one. */
  readonly details?: object;
}

/**
 * Writes what concerns the safety of an account into the audit trail. The event has happened by then: an entry that cannot
 * be written is logged as it is, and nobody is refused for it.
 */
@Injectable()
export class SecurityAudit {
  constructor(
    private readonly trail: AuditTrail,
    private readonly logger: PinoLogger,
  ) {}

  /** Resolves when it is written or cannot be; never rejects. */
  async note({ actor, details = {}, ...event }: SecurityEvent): Promise<void> {
    try {
      await this.trail.record({
        ...event,
        details,
        actorId: actor.userId,
        ...(actor.requestId === undefined ? {} : { requestId: actor.requestId }),
      });
    } catch (error) {
      this.logger.error({
        event: 'auth.audit_not_written',
        action: event.action,
        target_id: event.targetId,
        actor_id: actor.userId,
        err: error,
      });
    }
  }
}
