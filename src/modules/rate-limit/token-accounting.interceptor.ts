import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import { requestContext } from '../../shared/context/request-context.js';
import { Reservations } from './reservations.js';

/**
 * Token accounting: once the handler is through and the run has let go of the meter, the reservation is settled to what
 * was really used. A run that outlives its request holds the meter, so this waits for it without holding the request.
 */
@Injectable()
export class TokenAccountingInterceptor implements NestInterceptor {
  constructor(private readonly reservations: Reservations) {}

  intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const meter = requestContext.current()?.meter;
    if (!meter) return next.handle();
    const release = meter.hold();
    void this.reservations.settle(meter);
    return next.handle().pipe(finalize(release));
  }
}
