import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import { ShowsQuota } from '../../shared/access/shows-quota.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { notFound } from '../../shared/errors/app-error.js';
import { ProblemError } from '../../shared/errors/problem-error.js';
import { LiveCredentials } from '../auth/index.js';
import { SpendsQuota } from '../rate-limit/index.js';
import { callerRevoked, runMoved } from './agent.errors.js';
import { ChatAnswerDto, ChatBody } from './chat.dto.js';
import { RunEventFeed } from './events/run-event-feed.js';
import { CreatesRun } from './idempotency/creates-run.decorator.js';
import type { RunOptions } from './run.js';
import { RunService } from './run.service.js';
import { nativeEncoding } from './surfaces/native/encode-run-event.js';
import { WaitingRunDto } from './runs.dto.js';
import { toWaitingRunDto } from './to-run-dto.js';
import { toChatAnswerDto } from './surfaces/native/to-chat-answer.js';
import { RunStreams } from './surfaces/run-streams.js';

const STREAM_EXAMPLE = [
  'id: 1\nevent: run-start\ndata: {"run_id":"0193ab40-7c20-7000-8000-9a0c44d2b7e3","session_id":"0193ab40-7c1e-7000-8000-3f2a51b0c9d1"}',
  'id: 2\nevent: step-start\ndata: {"step":1}',
  'id: 3\nevent: text-delta\ndata: {"step":1,"delta":"Hello"}',
  'id: 4\nevent: step-end\ndata: {"step":1,"finish_reason":"stop","usage":{"input_tokens":12,"output_tokens":2,"cache_read_tokens":0,"cache_write_tokens":0,"total_tokens":14,"source":"measured"},"cost_usd":"0.000000"}',
].join('\n\n');

@ApiTags('agent')
@RequirePermission('agent:run')
@CreatesRun()
@SpendsQuota()
@ShowsQuota()
@Controller('agent/chat')
export class ChatController {
  constructor(
    private readonly runs: RunService,
    private readonly feed: RunEventFeed,
    private readonly streams: RunStreams,
    private readonly credentials: LiveCredentials,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'chat',
    summary: 'Ask the agent and wait for its answer',
    description:
      'One run, answered when it ends. It may take as long as the model and its tools do. A run that comes to a tool ' +
      'call which the user has to agree to is answered with 202 and goes on after `POST /agent/runs/{run_id}/approvals`.',
  })
  @ApiAcceptedResponse({ type: WaitingRunDto, description: 'Tool calls wait for the user.' })
  @ApiOkResponse({ type: ChatAnswerDto })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504)
  async chat(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChatBody,
    @Req() request: Request,
  ): Promise<ChatAnswerDto | WaitingRunDto> {
    const run = await this.runs.start(principal, 'chat', toRunOptions(body));
    const response = request.res!;
    const isCancelledWith = endsWithConnection(body);
    const left = new AbortController();
    const onClose = (): void => {
      left.abort();
      if (isCancelledWith) this.runs.abandon(run);
    };
    // Who left while the run was admitted has closed already, and would close no second time.
    if (response.destroyed || response.closed) onClose();
    else response.once('close', onClose);
    const credential = this.credentials.watch(requestContext.current()?.credential);
    const outcome = await this.feed
      .outcome(run, AbortSignal.any([left.signal, credential.signal]))
      .finally(() => credential.release());
    response.off('close', onClose);
    if (outcome === 'aborted' && credential.signal.aborted) {
      onClose();
      throw callerRevoked();
    }
    if (outcome === 'shutting_down') throw runMoved(run.runId);
    if (outcome === 'gone' || outcome === 'aborted') throw notFound();
    if (outcome === 'waiting') {
      response.status(202).location(`/api/v1/agent/runs/${run.runId}`);
      return toWaitingRunDto(await this.runs.read(principal, run.runId));
    }
    if (outcome.type === 'run-error') throw new ProblemError(outcome.problem);
    return toChatAnswerDto(outcome.answer);
  }

  @Post('stream')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'chatStream',
    summary: 'Ask the agent and watch it work',
    description:
      'The same run as server-sent events: `run-start`, `step-start`, `text-delta`, `reasoning-delta`, `tool-call`, ' +
      '`tool-progress`, `tool-result`, `approval-request` (the run waits for its user; the stream stays open), `step-end`, and exactly one last event: `run-end` (the chat answer) or `run-error` (a problem). ' +
      'Each event has an integer `id` from 1 without gaps. After `step-restart {step, discard_after}` what came after ' +
      'the event `discard_after` is void: the process that made it has gone, and another repeats that step. A ' +
      '`run-error` without an `id` says that this server stops (`shutting_down`: go on with ' +
      '`GET /agent/runs/{run_id}/events`) or that the token or key of the request was revoked (`token_revoked`). ' +
      'A refused request is a problem with its status, not a stream.',
  })
  @ApiExtraModels(ChatAnswerDto)
  @ApiOkResponse({
    description: 'The events of the run.',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE } },
  })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
  async stream(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChatBody,
    @Res() response: Response,
  ): Promise<void> {
    this.streams.assertEnabled();
    const run = await this.runs.start(principal, 'chat_stream', toRunOptions(body));
    const encoding = nativeEncoding(run, requestContext.current()?.requestId);
    const isCancelledWith = endsWithConnection(body);
    // Not awaited: the framework's part is over, and all that it holds for a request would live as long as the stream.
    void this.streams.deliver(response, run, encoding).then((isComplete) => {
      if (!isComplete && isCancelledWith) this.runs.abandon(run);
    });
  }
}

/** An idempotency key says that its caller may come back for the answer. */
function endsWithConnection({ on_disconnect: onDisconnect }: ChatBody): boolean {
  const whenLeftOut = requestContext.current()?.idempotency ? 'continue' : 'cancel';
  return (onDisconnect ?? whenLeftOut) === 'cancel';
}

export function toRunOptions(body: ChatBody): RunOptions {
  return {
    message: body.message,
    onConflict: body.on_conflict ?? 'reject',
    ...(body.session_id === undefined ? {} : { sessionId: body.session_id }),
    ...(body.agent === undefined ? {} : { agent: body.agent }),
    ...(body.model === undefined ? {} : { model: body.model }),
    ...(body.context === undefined ? {} : { context: body.context }),
    ...(body.max_tokens === undefined ? {} : { maxTokens: body.max_tokens }),
    ...(body.temperature === undefined ? {} : { temperature: body.temperature }),
    ...(body.tools === undefined ? {} : { tools: body.tools }),
  };
}
