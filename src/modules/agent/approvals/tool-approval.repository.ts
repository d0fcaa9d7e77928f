import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CHANNEL } from '../../../database/control-connection.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import { type AuditRecord, AuditTrail } from '../../observability/index.js';
import type { ApprovalAnswer } from '../../tools/index.js';
import type { ApprovalRecord, RunStatus } from '../run.js';

/** Runs per sweep: a bound on how long one takes. */
const BATCH = 50;

export interface ApprovalDecision {
  readonly decision: 'approved' | 'denied';
  readonly reason: string | undefined;
}

/**
 * - `not_found`: no such run of this user, or no such call that was asked about
 * - `decided`: somebody has said something before, or has ended the run
 * - `expired`: too late
 */
export type DecisionOutcome = 'decided_now' | 'not_found' | 'decided' | 'expired';

interface ApprovalRow {
  seq: number;
  call_id: string;
  tool_name: string;
  input: JsonValue;
  call_hash: string;
  decision: 'approved' | 'denied' | 'expired' | null;
  reason: string | null;
  expires_at: Date;
  decided_at: Date | null;
  is_over: boolean;
}

const COLUMNS = `seq, call_id, tool_name, input, call_hash, decision, reason, expires_at, decided_at,
                 expires_at <= clock_timestamp() AS is_over`;

/** Calls that wait for a person. The run's row orders everything: it is locked before its approvals are looked at. */
@Injectable()
export class ToolApprovalRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
  ) {}

  /** Decides once; the decision and its entry in the audit trail are one. The last one of a run wakes it. */
  async decide(
    userId: string,
    runId: string,
    callId: string,
    { decision, reason }: ApprovalDecision,
    requestId: string | undefined,
  ): Promise<DecisionOutcome> {
    return this.dataSource.transaction(async (manager) => {
      const [run] = await manager.query<{ status: RunStatus }[]>(
        `SELECT status FROM run WHERE id = $1 AND user_id = $2 FOR UPDATE`,
        [runId, userId],
      );
      const [asked] = await manager.query<ApprovalRow[]>(
        // A model may use an id again in a later step: what is open goes first.
        `SELECT ${COLUMNS} FROM tool_approval WHERE run_id = $1 AND user_id = $2 AND call_id = $3
          ORDER BY decision IS NULL DESC, seq DESC LIMIT 1`,
        [runId, userId, callId],
      );
      if (!run || !asked) return 'not_found';
      if (asked.decision === 'expired' || (asked.decision === null && asked.is_over)) return 'expired';
      if (asked.decision !== null || run.status !== 'waiting') return 'decided';
      await manager.query(
        `UPDATE tool_approval SET decision = $3, reason = $4, decided_at = clock_timestamp() WHERE run_id = $1 AND seq = $2`,
        [runId, asked.seq, decision, reason ?? null],
      );
      await this.trail.record({ ...entryOf(userId, runId, asked, decision), requestId }, manager);
      await wakeWhenDecided(manager, runId);
      return 'decided_now';
    });
  }

  /**
   * What was said to a call that is about to be dispatched. A yes is good for the call that it was given to and no other;
   * the same call may ask again, after a takeover.
   */
  async take(runId: string, seq: number, hash: string): Promise<ApprovalAnswer> {
    const [rows] = await this.dataSource.query<[ApprovalRow[], number]>(
      `UPDATE tool_approval SET used_at = coalesce(used_at, clock_timestamp())
        WHERE run_id = $1 AND seq = $2 AND call_hash = $3 RETURNING ${COLUMNS}`,
      [runId, seq, hash],
    );
    const [answer] = rows;
    switch (answer?.decision) {
      case 'approved':
      case 'expired':
        return { decision: answer.decision };
      case 'denied':
        return { decision: 'denied', reason: answer.reason };
      default:
        return { decision: 'none' };
    }
  }

  /** Says no to what nobody has decided in time, and wakes those runs. Returns their ids. */
  async expireOverdue(): Promise<string[]> {
    const overdue = await this.dataSource.query<{ run_id: string }[]>(
      `SELECT DISTINCT run_id FROM tool_approval WHERE decision IS NULL AND expires_at <= clock_timestamp() LIMIT ${BATCH}`,
    );
    for (const { run_id: runId } of overdue) await this.expire(runId);
    return overdue.map(({ run_id: runId }) => runId);
  }

  /** All that a run of this user has asked for, in the order of its calls. */
  async ofRun(userId: string, runId: string): Promise<ApprovalRecord[]> {
    const rows = await this.dataSource.query<ApprovalRow[]>(
      `SELECT ${COLUMNS} FROM tool_approval WHERE run_id = $1 AND user_id = $2 ORDER BY seq`,
      [runId, userId],
    );
    return rows.map((row) => ({
      toolCallId: row.call_id,
      toolName: row.tool_name,
      input: row.input,
      status: row.decision ?? (row.is_over ? 'expired' : 'pending'),
      reason: row.reason,
      expiresAt: row.expires_at,
      decidedAt: row.decided_at,
    }));
  }

  private async expire(runId: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const [run] = await manager.query<{ user_id: string }[]>(
        `SELECT user_id FROM run WHERE id = $1 FOR UPDATE`,
        [runId],
      );
      if (!run) return;
      const [expired] = await manager.query<[ApprovalRow[], number]>(
        `UPDATE tool_approval SET decision = 'expired', decided_at = clock_timestamp()
          WHERE run_id = $1 AND decision IS NULL AND expires_at <= clock_timestamp() RETURNING ${COLUMNS}`,
        [runId],
      );
      for (const asked of expired) {
        await this.trail.record(entryOf(run.user_id, runId, asked, 'expired'), manager);
      }
      if (expired.length > 0) await wakeWhenDecided(manager, runId);
    });
  }
}

/** The run goes on when nothing of it waits any more. Its row is locked. */
async function wakeWhenDecided(manager: EntityManager, runId: string): Promise<void> {
  await manager.query(
    `WITH woken AS (
       UPDATE run SET status = 'queued'
        WHERE id = $1 AND status = 'waiting'
          AND NOT EXISTS (SELECT 1 FROM tool_approval WHERE run_id = $1 AND decision IS NULL)
       RETURNING conversation_id),
     place AS (
       UPDATE conversation SET queued_runs = queued_runs + 1 FROM woken WHERE id = woken.conversation_id)
     SELECT pg_notify('${CHANNEL}', 'queue') FROM woken`,
    [runId],
  );
}

function entryOf(userId: string, runId: string, asked: ApprovalRow, decision: string): AuditRecord {
  return {
    actorId: userId,
    actorKind: decision === 'expired' ? 'system' : 'user',
    action: `tool.${decision}`,
    outcome: decision === 'approved' ? 'ok' : 'refused',
    targetType: 'run',
    targetId: runId,
    details: { tool_name: asked.tool_name, tool_call_id: asked.call_id, call_hash: asked.call_hash },
  };
}
