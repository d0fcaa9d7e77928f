import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { IDS, type Ids } from '../../../shared/context/ids.js';
import { requestContext, type RequestContext } from '../../../shared/context/request-context.js';
import { idempotencyKeyInvalid, idempotencyKeyReused, requestInProgress } from '../agent.errors.js';
import { canonicalJson } from '../../../shared/llm/canonical-json.js';
import { CREATES_RUN } from './creates-run.decorator.js';
import { IdempotencyKeyRepository } from './idempotency-key.repository.js';

/** 1 to 255 printable ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;
/** How often and how long a repetition looks whether the first request was admitted; that takes milliseconds. */
const LOOK_MS = 25;
const MAX_WAIT_MS = 12_000;

/**
 * Has this request been made before? It stands before the quota: a repetition spends nothing. Of several that come at the
 * same time one claims the key and goes on; the others wait until it was admitted and then are answered by its run.
 */
@Injectable()
export class IdempotencyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: IdempotencyKeyRepository,
    private readonly logger: PinoLogger,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const request = execution.switchToHttp().getRequest<Request>();
    const key = request.headers['idempotency-key'];
    const context = requestContext.current();
    if (key === undefined || !context?.principal) return true;
    const isMarked = this.reflector.getAllAndOverride<boolean | undefined>(CREATES_RUN, [
      execution.getHandler(),
      execution.getClass(),
    ]);
    if (!isMarked) return true;
    if (typeof key !== 'string' || !KEY.test(key)) throw idempotencyKeyInvalid();
    const response = execution.switchToHttp().getResponse<Response>();
    await this.resolve(context, context.principal.userId, key, hashOf(request.body), response);
    return true;
  }

  private async resolve(
    context: RequestContext,
    userId: string,
    key: string,
    bodyHash: Buffer,
    response: Response,
  ): Promise<void> {
    const runId = this.ids.next();
    const until = performance.now() + MAX_WAIT_MS;
    for (;;) {
      if (await this.keys.claim(userId, key, bodyHash, runId)) {
        context.idempotency = { key, runId };
        // Whatever refuses the request from here on, the key is free again; an admitted one is not touched by this.
        response.once('close', () => void this.release(userId, key, runId));
        return;
      }
      const found = await this.keys.find(userId, key);
      if (found && !timingSafeEqual(found.bodyHash, bodyHash)) throw idempotencyKeyReused();
      if (found?.sessionId) {
        context.idempotency = { key, runId: found.runId, repeats: { sessionId: found.sessionId } };
        response.setHeader('Idempotent-Replayed', 'true');
        return;
      }
      if (performance.now() > until || response.destroyed) throw requestInProgress();
      await delay(LOOK_MS);
    }
  }

  private async release(userId: string, key: string, runId: string): Promise<void> {
    try {
      await this.keys.release(userId, key, runId);
    } catch (error) {
      this.logger.warn({ event: 'idempotency.not_released', err: error });
    }
  }
}

function hashOf(body: unknown): Buffer {
  return createHash('sha256')
    .update(canonicalJson(body) ?? '')
    .digest();
}
