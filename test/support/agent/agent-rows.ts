import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import type { Admission } from '../../../src/modules/agent/run-admission.repository.js';
import { ToolApprovalRepository } from '../../../src/modules/agent/approvals/tool-approval.repository.js';
import { RunRepository } from '../../../src/modules/agent/run.repository.js';
import type { Principal } from '../../../src/shared/context/principal.js';
import { anAuditTrail } from '../an-audit-trail.js';

/** A user in the database, and the principal that goes with it. */
export async function aUser(dataSource: DataSource): Promise<Principal> {
  const userId = v7();
  const email = `${userId}@example.com`;
  await dataSource.query(
    `INSERT INTO user_account (id, email, password_hash, tier, roles, permissions, created_at, updated_at)
     VALUES ($1, $2, 'x', 'free', '{user}', '{}', now(), now())`,
    [userId, email],
  );
  return {
    userId,
    email,
    tier: 'free',
    roles: ['user'],
    permissions: new Set(['agent:run']),
    limits: {},
    tools: { denied: new Set() },
  };
}

/** Reads runs, with the approvals that they asked for. */
export function aRunRepository(dataSource: DataSource): RunRepository {
  return new RunRepository(dataSource, aToolApprovalRepository(dataSource));
}

export function aToolApprovalRepository(dataSource: DataSource): ToolApprovalRepository {
  return new ToolApprovalRepository(dataSource, anAuditTrail(dataSource));
}

export const NOW = new Date('2026-11-24T09:00:00Z');
export const TOMORROW = new Date('2026-11-25T09:00:00Z');

/** What a run is admitted with: a request of this user to say "hi". */
export function anAdmission({ userId }: Principal, overrides: Partial<Admission> = {}): Admission {
  return {
    runId: v7(),
    userId,
    owner: v7(),
    agent: 'default',
    model: 'm',
    prompt: null,
    endpoint: 'chat',
    request: { messageLength: 2, timeoutMs: 60_000 },
    messageId: v7(),
    parts: [{ type: 'text', text: 'hi' }],
    now: NOW,
    expiresAt: TOMORROW,
    reserved: { tokens: 100, cost: 5_000_000n },
    ...overrides,
  };
}
