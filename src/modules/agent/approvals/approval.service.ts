import { Injectable } from '@nestjs/common';
import { isUuid } from '../../../shared/context/ids.js';
import type { Principal } from '../../../shared/context/principal.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { approvalDecided, approvalExpired } from '../agent.errors.js';
import { RunSupervisor } from '../ownership/run-supervisor.js';
import { RunService } from '../run.service.js';
import type { RunReference, RunStatus } from '../run.js';
import { type ApprovalDecision, ToolApprovalRepository } from './tool-approval.repository.js';

/** What users say to the calls that wait for them. */
@Injectable()
export class ApprovalService {
  constructor(
    private readonly approvals: ToolApprovalRepository,
    private readonly runs: RunService,
    private readonly supervisor: RunSupervisor,
  ) {}

  /**
   * Agrees to a call, or refuses it, once. Throws `not_found` for what is not this user's or was never asked,
   * `approval_decided` and `approval_expired`.
   */
  async decide(
    { userId }: Principal,
    runId: string,
    callId: string,
    decision: ApprovalDecision,
  ): Promise<RunReference & { status: RunStatus }> {
    if (!isUuid(runId)) throw notFound();
    const { requestId } = requestContext.current() ?? {};
    switch (await this.approvals.decide(userId, runId, callId, decision, requestId)) {
      case 'not_found':
        throw notFound();
      case 'decided':
        throw approvalDecided();
      case 'expired':
        throw approvalExpired();
      case 'decided_now':
        this.supervisor.wake();
        return this.runs.reference(userId, runId);
    }
  }
}
