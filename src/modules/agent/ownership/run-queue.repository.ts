import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CHANNEL, ControlConnection } from '../../../database/control-connection.js';
import { toRunPrompt } from '../prompts/run-prompt.js';
import type { RunReference, RunStatus } from '../run.js';
import type { ClaimedRun } from '../run.js';
import { toStoredEvents } from '../events/stored-events.js';
import type { LoggedEvent } from '../events/run-event-log.js';

/** One number for all processes of Perch: claims are made one after the other, so that caps are counted exactly. */
const CLAIM_LOCK = 7_234_119_002;
/** Rows per statement: a bound on how long one of them holds its locks. */
const BATCH = 50;

/** A run may begin when nothing is active in its conversation and nothing waits there before it. */
const ITS_TURN = `
  NOT EXISTS (SELECT 1 FROM run a WHERE a.conversation_id = q.conversation_id AND a.status IN ('running', 'waiting'))
  AND NOT EXISTS (
    SELECT 1 FROM run e WHERE e.conversation_id = q.conversation_id AND e.status = 'queued' AND e.ordinal < q.ordinal)`;

/** Runs that somebody waits for, and runs that only have to be ended: no cap applies. */
const READY_AT_ONCE = `
  SELECT q.id FROM run q
   WHERE q.status = 'queued' AND (NOT q.is_background OR q.cancel_requested_at IS NOT NULL) AND ${ITS_TURN}
   ORDER BY q.created_at, q.id LIMIT $2`;

/**
 * Background runs, oldest first, at most `$3` per user with those that run already. Users are found by skipping through
 * the index, so that a user with thousands of waiting runs costs no more than one with a single run.
 */
const READY_IN_BACKGROUND = `
  WITH RECURSIVE owners AS (
    (SELECT user_id FROM run WHERE status = 'queued' ORDER BY user_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.user_id FROM run n WHERE n.status = 'queued' AND n.user_id > o.user_id ORDER BY n.user_id LIMIT 1)
      FROM owners o WHERE o.user_id IS NOT NULL)
  SELECT r.id FROM owners o
    CROSS JOIN LATERAL (
      SELECT count(*) AS runs FROM run b WHERE b.user_id = o.user_id AND b.status = 'running' AND b.is_background) busy
    CROSS JOIN LATERAL (
      SELECT q.id, q.created_at FROM run q
       WHERE q.user_id = o.user_id AND q.status = 'queued' AND q.is_background AND ${ITS_TURN}
       ORDER BY q.created_at, q.id LIMIT greatest($3 - busy.runs, 0)) r
   WHERE o.user_id IS NOT NULL
   ORDER BY r.created_at, r.id LIMIT $2`;

/** Gives the ready runs to `$1`; those that begin now bring their message into the conversation. */
const claimed = (ready: string): string => `
  WITH ready AS MATERIALIZED (${ready}),
  picked AS MATERIALIZED (
    SELECT r.id, r.conversation_id, r.started_at IS NOT NULL AS is_resumed, r.input, r.cancel_requested_at, r.orphaned_epoch,
           r.suspended_at IS NOT NULL AS is_woken
      FROM run r JOIN ready USING (id)),
  claimed AS (
    UPDATE run r
       SET status = 'running', owner = $1, epoch = r.epoch + 1, input = NULL, orphaned_epoch = NULL,
           started_at = coalesce(r.started_at, clock_timestamp()), suspended_at = NULL,
           readmitted_at = CASE WHEN picked.is_woken THEN clock_timestamp() ELSE r.readmitted_at END,
           deadline_at = coalesce(r.deadline_at,
             clock_timestamp() + make_interval(secs => (r.request->>'timeoutMs')::float / 1000))
      FROM picked WHERE r.id = picked.id AND r.status = 'queued'
    RETURNING r.id, r.epoch, r.conversation_id, r.user_id, r.endpoint, r.is_background, r.request, r.model, r.prompt_name, r.prompt_version,
              r.user_message_id, coalesce(r.readmitted_at, r.started_at) AS admitted_at, picked.is_resumed, picked.is_woken, picked.input, picked.cancel_requested_at IS NOT NULL AS is_cancel_requested,
              picked.orphaned_epoch, extract(epoch FROM r.deadline_at - clock_timestamp()) * 1000 AS remaining_ms,
              extract(epoch FROM clock_timestamp() - r.started_at) * 1000 AS elapsed_ms),
  place AS (
    UPDATE conversation c
       SET queued_runs = c.queued_runs - 1, next_seq = c.next_seq + CASE WHEN claimed.is_resumed THEN 0 ELSE 1 END,
           updated_at = clock_timestamp()
      FROM claimed WHERE c.id = claimed.conversation_id
    RETURNING c.id, c.next_seq - 1 AS seq),
  new_message AS (
    INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, run_id, created_at)
    SELECT claimed.user_message_id, place.id, claimed.user_id, place.seq, 'user', claimed.input, 'complete', claimed.id,
           clock_timestamp()
      FROM claimed JOIN place ON place.id = claimed.conversation_id WHERE NOT claimed.is_resumed)
  SELECT * FROM claimed`;

interface ClaimedRow {
  id: string;
  epoch: number;
  conversation_id: string;
  user_id: string;
  endpoint: ClaimedRun['endpoint'];
  is_background: boolean;
  request: ClaimedRun['request'];
  model: string;
  prompt_name: string | null;
  prompt_version: number | null;
  user_message_id: string;
  admitted_at: Date;
  is_resumed: boolean;
  is_woken: boolean;
  is_cancel_requested: boolean;
  orphaned_epoch: number | null;
  remaining_ms: string;
  elapsed_ms: string;
}

/** What may be claimed, and by how many. */
export interface ClaimLimits {
  /** Background runs that this process has room for; 0: it takes none. */
  readonly backgroundSlots: number;
  /** Background runs of one user that may run at the same time, over all processes. */
  readonly backgroundRunsPerUser: number;
}

/** What a cancellation found. */
export type CancelOutcome = 'not_found' | 'over' | 'cancelled' | 'requested';

/**
 * Who drives which run. A run is given away in one place only, `claim`; everything else puts runs back into the queue.
 * Rows are locked in the order run, then conversation, as the journal does it.
 */
@Injectable()
export class RunQueueRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly control: ControlConnection,
  ) {}

  /** Takes runs that may begin now, or that lost their owner. */
  async claim(workerId: string, limits: ClaimLimits): Promise<ClaimedRun[]> {
    return this.dataSource.transaction(async (manager) => {
      // A statement of its own: what follows has to see what the claim before has committed.
      await manager.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK]);
      const rows = await manager.query<ClaimedRow[]>(claimed(READY_AT_ONCE), [workerId, BATCH]);
      if (limits.backgroundSlots > 0) {
        const more = await manager.query<ClaimedRow[]>(claimed(READY_IN_BACKGROUND), [
          workerId,
          Math.min(limits.backgroundSlots, BATCH),
          limits.backgroundRunsPerUser,
        ]);
        rows.push(...more);
      }
      return rows.map(toClaimedRun);
    });
  }

  /** True when a run waits at all; cheap, for the poll. */
  async hasQueued(): Promise<boolean> {
    const [row] = await this.control.query<{ any: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM run WHERE status = 'queued') AS any`,
    );
    return row!.any;
  }

  async countQueuedOf(userId: string): Promise<number> {
    const [row] = await this.dataSource.query<{ count: string }[]>(
      `SELECT count(*) FROM run WHERE user_id = $1 AND status = 'queued'`,
      [userId],
    );
    return Number(row!.count);
  }

  /**
   * Puts the runs of workers whose lease ran out back into the queue. The epoch grows, so a worker that was only slow
   * writes nothing more. With `othersAreGone` every other worker counts as dead (one process per embedded database).
   */
  async requeueOrphans(workerId: string, othersAreGone: boolean): Promise<string[]> {
    return this.requeue(
      `SELECT r.id, r.conversation_id, r.epoch FROM run r LEFT JOIN worker w ON w.id = r.owner
        WHERE r.status = 'running' AND r.owner IS DISTINCT FROM $1
          AND (w.id IS NULL OR w.lease_until < clock_timestamp() OR $2::boolean)
        ORDER BY r.created_at LIMIT ${BATCH} FOR UPDATE OF r SKIP LOCKED`,
      [workerId, othersAreGone],
    );
  }

  /**
   * Puts runs back that are this worker's by name, but that it does not drive: the answer to an admission or a claim was
   * lost, or the end of a run could not be written. `begunIds` are those that it did drive: only they may have been in a
   * model call that somebody has to pay for.
   */
  async requeueForgotten(
    workerId: string,
    runIds: readonly string[],
    begunIds: readonly string[] = [],
  ): Promise<string[]> {
    return this.requeue(
      `SELECT r.id, r.conversation_id, CASE WHEN r.id = ANY ($3::uuid[]) THEN r.epoch END AS epoch FROM run r
        WHERE r.status = 'running' AND r.owner = $1 AND r.id = ANY ($2::uuid[])
        FOR UPDATE OF r SKIP LOCKED`,
      [workerId, runIds, begunIds],
    );
  }

  /** Ids of this worker's runs as the database has them. */
  async ownedBy(workerId: string): Promise<{ id: string; isCancelRequested: boolean }[]> {
    const rows = await this.control.query<{ id: string; is_cancel_requested: boolean }>(
      `SELECT id, cancel_requested_at IS NOT NULL AS is_cancel_requested FROM run WHERE owner = $1 AND status = 'running'`,
      [workerId],
    );
    return rows.map((row) => ({ id: row.id, isCancelRequested: row.is_cancel_requested }));
  }

  /** A run of this user, whatever its state. */
  async findReference(
    userId: string,
    runId: string,
  ): Promise<(RunReference & { status: RunStatus }) | undefined> {
    const [row] = await this.dataSource.query<{ conversation_id: string; status: RunStatus }[]>(
      `SELECT conversation_id, status FROM run WHERE id = $1 AND user_id = $2`,
      [runId, userId],
    );
    return row && { runId, sessionId: row.conversation_id, userId, status: row.status };
  }

  /**
   * Ends a run that has not begun, with its last event; asks the owner of any other to end it, and puts one that waits back
   * into the queue for that; with `sparesWaiting` it goes on waiting. A message that was never begun with is withdrawn: it
   * does not come into the conversation.
   */
  async cancel(
    userId: string,
    runId: string,
    lastEvent: LoggedEvent,
    { sparesWaiting = false } = {},
  ): Promise<CancelOutcome> {
    const rows = await this.dataSource.query<{ status: RunStatus; was_queued: boolean }[]>(
      `WITH target AS (
         SELECT id, conversation_id, status, started_at FROM run
          WHERE id = $1 AND user_id = $2 AND NOT ($6::boolean AND status = 'waiting') FOR UPDATE),
       withdrawn AS (
         UPDATE run SET status = 'cancelled', stop_reason = 'cancelled', finish_reason = 'error', input = NULL,
                        usage = $3::jsonb, cost_usd = 0, cancel_requested_at = clock_timestamp(), ended_at = clock_timestamp()
           FROM target WHERE run.id = target.id AND target.status = 'queued' AND target.started_at IS NULL
         RETURNING run.id, run.conversation_id),
       place AS (
         UPDATE conversation SET queued_runs = queued_runs - 1 FROM withdrawn
          WHERE conversation.id = withdrawn.conversation_id),
       told AS (
         INSERT INTO run_event (run_id, first_id, last_id, is_settled, events)
         SELECT id, $4::integer, $4::integer, true, $5 FROM withdrawn),
       asked AS (
         UPDATE run SET cancel_requested_at = coalesce(run.cancel_requested_at, clock_timestamp()),
                        -- Nobody drives a run that waits: whoever claims it next ends it.
                        status = CASE target.status WHEN 'waiting' THEN 'queued' ELSE run.status END
           FROM target WHERE run.id = target.id AND target.status IN ('queued', 'running', 'waiting')
                         AND NOT EXISTS (SELECT 1 FROM withdrawn)
         RETURNING run.conversation_id, target.status AS old_status),
       woken AS (
         UPDATE conversation SET queued_runs = queued_runs + 1 FROM asked
          WHERE conversation.id = asked.conversation_id AND asked.old_status = 'waiting')
       SELECT status, EXISTS (SELECT 1 FROM withdrawn) AS was_queued,
              CASE WHEN status IN ('queued', 'running', 'waiting')
                   THEN pg_notify('${CHANNEL}', 'cancel ' || id) END
         FROM target`,
      [
        runId,
        userId,
        JSON.stringify({ inputTokens: { total: 0 }, outputTokens: { total: 0 }, source: 'measured' }),
        lastEvent.id,
        toStoredEvents([lastEvent]),
        sparesWaiting,
      ],
    );
    const row = rows[0];
    if (!row) return 'not_found';
    if (row.was_queued) return 'cancelled';
    return row.status === 'queued' || row.status === 'running' || row.status === 'waiting'
      ? 'requested'
      : 'over';
  }

  /**
   * Ends all runs of a user whose account is closed: those that nobody drives at once, in whatever order they wait; the owners
   * of the others are asked to. Returns how many are still driven.
   */
  async endAllOf(userId: string): Promise<number> {
    const rows = await this.dataSource.query<{ status: RunStatus }[]>(
      `WITH ended AS (
         UPDATE run SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
                        status = CASE status WHEN 'running' THEN status ELSE 'cancelled' END,
                        epoch = CASE status WHEN 'running' THEN epoch ELSE epoch + 1 END,
                        stop_reason = CASE status WHEN 'running' THEN stop_reason ELSE 'cancelled' END,
                        ended_at = CASE status WHEN 'running' THEN ended_at ELSE clock_timestamp() END
          WHERE user_id = $1 AND status IN ('queued', 'running', 'waiting') RETURNING id, status)
       SELECT status, pg_notify('${CHANNEL}', 'cancel ' || id) FROM ended WHERE status = 'running'`,
      [userId],
    );
    return rows.length;
  }

  /** Runs of a user that somebody drives. */
  async countDrivenOf(userId: string): Promise<number> {
    const [row] = await this.dataSource.query<{ count: string }[]>(
      `SELECT count(*) FROM run WHERE user_id = $1 AND status = 'running'`,
      [userId],
    );
    return Number(row!.count);
  }

  private async requeue(orphans: string, parameters: readonly unknown[]): Promise<string[]> {
    const rows = await this.control.query<{ id: string }>(
      `WITH orphan AS MATERIALIZED (${orphans}),
       requeued AS (
         UPDATE run SET status = 'queued', owner = NULL, epoch = run.epoch + 1, orphaned_epoch = orphan.epoch
           FROM orphan WHERE run.id = orphan.id RETURNING run.id, run.conversation_id),
       place AS (
         UPDATE conversation c SET queued_runs = c.queued_runs + 1 FROM requeued WHERE c.id = requeued.conversation_id)
       SELECT id, pg_notify('${CHANNEL}', 'queue') FROM requeued`,
      parameters,
    );
    return rows.map((row) => row.id);
  }
}

function toClaimedRun(row: ClaimedRow): ClaimedRun {
  return {
    id: row.id,
    epoch: row.epoch,
    sessionId: row.conversation_id,
    userId: row.user_id,
    endpoint: row.endpoint,
    isBackground: row.is_background,
    request: row.request,
    model: row.model,
    prompt: toRunPrompt(row),
    userMessageId: row.user_message_id,
    admittedAt: row.admitted_at,
    isResumed: row.is_resumed,
    isWoken: row.is_woken,
    isCancelRequested: row.is_cancel_requested,
    remainingMs: Number(row.remaining_ms),
    elapsedMs: Number(row.elapsed_ms),
    orphanedEpoch: row.orphaned_epoch,
  };
}
