import { Body, Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import { ShowsQuota } from '../../shared/access/shows-quota.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { SpendsQuota } from '../rate-limit/index.js';
import { approvalDecided, approvalExpired } from './agent.errors.js';
import { ApprovalService } from './approvals/approval.service.js';
import { toRunOptions } from './chat.controller.js';
import { CreatesRun } from './idempotency/creates-run.decorator.js';
import { parseLastEventId } from './last-event-id.js';
import { RunService } from './run.service.js';
import { BackgroundRunBody, DecideApprovalBody, RunDto, RunStatusDto } from './runs.dto.js';
import { nativeEncoding } from './surfaces/native/encode-run-event.js';
import { RunStreams } from './surfaces/run-streams.js';
import { toRunDto } from './to-run-dto.js';

const ApiRunId = (): MethodDecorator =>
  ApiParam({
    name: 'run_id',
    description: 'The run.',
    schema: { type: 'string', format: 'uuid' },
    example: '0193ab40-7c20-7000-8000-9a0c44d2b7e3',
  });

@ApiTags('agent')
@RequirePermission('agent:run')
@ShowsQuota()
@Controller('agent/runs')
export class RunsController {
  constructor(
    private readonly runs: RunService,
    private readonly streams: RunStreams,
    private readonly approvals: ApprovalService,
  ) {}

  @Post()
  @HttpCode(202)
  @CreatesRun()
  @SpendsQuota()
  @ApiOperation({
    operationId: 'startRun',
    summary: 'Ask the agent in the background',
    description:
      'The run waits for a free place and goes on whoever listens. Read it, follow its events, or cancel it by its id.',
  })
  @ApiAcceptedResponse({
    type: RunStatusDto,
    headers: { Location: { description: 'Where to read the run.', schema: { type: 'string' } } },
  })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
  async start(
    @CurrentPrincipal() principal: Principal,
    @Body() body: BackgroundRunBody,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunStatusDto> {
    const { runId, sessionId } = await this.runs.start(principal, 'runs', toRunOptions(body));
    response.location(`/api/v1/agent/runs/${runId}`);
    return { run_id: runId, session_id: sessionId, status: 'queued' };
  }

  @Get(':run_id')
  @ApiOperation({ operationId: 'readRun', summary: 'A run with its steps, usage, cost and stop reason' })
  @ApiRunId()
  @ApiOkResponse({ type: RunDto })
  @ApiProblems(401, 403, 404)
  async read(@CurrentPrincipal() principal: Principal, @Param('run_id') runId: string): Promise<RunDto> {
    return toRunDto(await this.runs.read(principal, runId));
  }

  @Get(':run_id/events')
  @ApiOperation({
    operationId: 'followRun',
    summary: 'Follow a run: what has happened, then what happens',
    description:
      'The events of `POST /agent/chat/stream`, with the same ids and bytes: from the start, or after `Last-Event-ID`. ' +
      'It may be read by any number of readers, as often as wanted, while the run goes on and afterwards; when a reader ' +
      'leaves, the run goes on. After the last event the stream is empty.',
  })
  @ApiRunId()
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Only what came after this event.',
    schema: { type: 'integer', minimum: 0 },
    example: 12,
  })
  @ApiOkResponse({
    description: 'The events of the run.',
    content: {
      'text/event-stream': {
        schema: { type: 'string' },
        example: 'id: 13\nevent: text-delta\ndata: {"step":1,"delta":"Hello"}',
      },
    },
  })
  @ApiProblems(401, 403, 404, 422, 503)
  async follow(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') runId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    this.streams.assertEnabled();
    const run = await this.runs.find(principal, runId);
    const afterId = parseLastEventId(lastEventId);
    void this.streams.deliver(
      response,
      run,
      nativeEncoding(run, requestContext.current()?.requestId),
      afterId,
    );
  }

  @Post(':run_id/cancel')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'cancelRun',
    summary: 'Cancel a run, wherever it is',
    description:
      'The model is not read any further; what it has said stays in the conversation, marked as incomplete. A run that ' +
      'waited takes its message back. Asking again changes nothing, and neither does asking after the end.',
  })
  @ApiRunId()
  @ApiOkResponse({ type: RunStatusDto })
  @ApiProblems(401, 403, 404, 503)
  async cancel(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') runId: string,
  ): Promise<RunStatusDto> {
    const { sessionId, status } = await this.runs.cancel(principal, runId);
    return { run_id: runId, session_id: sessionId, status };
  }

  @Post(':run_id/approvals')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'decideApproval',
    summary: 'Agree to a tool call, or refuse it',
    description:
      'For a run whose status is `waiting`. A decision is made once and holds for this call with these arguments. When ' +
      'all calls of the step are decided the run goes on, on any replica; a refused call, or one that nobody decided in ' +
      'time, is a result that the model reads.',
  })
  @ApiRunId()
  @ApiOkResponse({ type: RunStatusDto })
  @ApiProblems(400, 401, 403, 404, approvalDecided(), approvalExpired(), 413, 415, 422, 503)
  async decide(
    @CurrentPrincipal() principal: Principal,
    @Param('run_id') runId: string,
    @Body() body: DecideApprovalBody,
  ): Promise<RunStatusDto> {
    const { sessionId, status } = await this.approvals.decide(principal, runId, body.tool_call_id, {
      decision: body.decision === 'approve' ? 'approved' : 'denied',
      reason: body.reason,
    });
    return { run_id: runId, session_id: sessionId, status };
  }
}
