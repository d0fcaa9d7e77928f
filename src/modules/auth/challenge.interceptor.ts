import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type Observable, tap } from 'rxjs';
import { challenge } from './bearer-token.js';

/** Adds the challenge to the 401s that routes answer themselves: a failed login, a refused refresh token. */
@Injectable()
export class ChallengeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next
      .handle()
      .pipe(
        tap({ error: (error) => challenge(error, http.getRequest<Request>(), http.getResponse<Response>()) }),
      );
  }
}
