import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { finalize, type Observable } from 'rxjs';
import { requestContext } from '../../shared/context/request-context.js';
import type { Reservation } from '../../shared/context/reservation.js';
import { QUOTA_STORE, type QuotaStore } from './quota-store.js';

/**
 * Token accounting at the request's end: what the guard held and no run has taken over is given back, the request included.
 * What a run has taken over it settles itself, because it may outlive its request.
 */
@Injectable()
export class TokenAccountingInterceptor implements NestInterceptor {
  constructor(
    @Inject(QUOTA_STORE) private readonly store: QuotaStore,
    private readonly logger: PinoLogger,
  ) {}

  intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reservation = requestContext.current()?.reservation;
    if (!reservation) return next.handle();
    return next.handle().pipe(
      finalize(() => {
        if (!reservation.isTaken) void this.giveBack(reservation);
      }),
    );
  }

  /** One that cannot be given back expires. */
  private async giveBack({ id, userId }: Reservation): Promise<void> {
    try {
      await this.store.release(id, userId);
    } catch (error) {
      this.logger.warn({ event: 'quota.not_released', run_id: id, err: error });
    }
  }
}
