import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig, HttpConfig } from '../../../config/app-config.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { LiveCredentials } from '../../auth/index.js';
import { OpenStreams } from '../../observability/index.js';
import { streamingDisabled } from '../agent.errors.js';
import { RunEventFeed } from '../events/run-event-feed.js';
import type { RunReference } from '../run.js';
import { type StreamEncoding, streamRun } from './stream-run.js';

/** Open streams of runs: each is counted while it is open, and none keeps its run alive or ends it. */
@Injectable()
export class RunStreams {
  constructor(
    private readonly feed: RunEventFeed,
    private readonly open: OpenStreams,
    private readonly credentials: LiveCredentials,
    private readonly config: AgentConfig,
    private readonly http: HttpConfig,
    private readonly logger: PinoLogger,
  ) {}

  /** Throws `forbidden` where streaming is switched off. */
  assertEnabled(): void {
    if (!this.config.isStreamingEnabled) throw streamingDisabled();
  }

  /**
   * Resolves when the stream is over, `false` when its reader left before the end, or may not read on because what the
   * request was made with was revoked. Never rejects.
   */
  async deliver(
    response: Response,
    run: RunReference,
    encoding: StreamEncoding,
    afterId = 0,
  ): Promise<boolean> {
    const close = this.open.open();
    const credential = this.credentials.watch(requestContext.current()?.credential);
    try {
      const subscribe = (signal: AbortSignal) => this.feed.subscribe(run, signal, afterId);
      return await streamRun(response, subscribe, encoding, {
        writeTimeoutMs: this.http.streamWriteTimeoutMs,
        revoked: credential.signal,
      });
    } catch (error) {
      this.logger.error({ event: 'agent.stream.broken', run_id: run.runId, err: error });
      response.destroy();
      return false;
    } finally {
      credential.release();
      close();
    }
  }
}
