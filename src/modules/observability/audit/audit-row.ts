import type { SealedEntry } from './audit-chain.js';
import type { ActorKind, AuditClient, AuditOutcome } from './audit-entry.js';

export interface AuditRow {
  readonly id: string;
  readonly seq: string | null;
  readonly hash: string | null;
  readonly actor_id: string;
  readonly actor_kind: ActorKind;
  readonly action: string;
  readonly target_type: string;
  readonly target_id: string;
  readonly outcome: AuditOutcome;
  readonly before: object;
  readonly after: object;
  readonly client_network: string | null;
  readonly client_hash: string | null;
  readonly request_id: string | null;
  readonly created_at: Date;
}

export const AUDIT_COLUMNS = `e.id, e.seq, e.hash, e.actor_id, e.actor_kind, e.action, e.target_type, e.target_id, e.outcome,
              e.before, e.after, e.client_network, e.client_hash, e.request_id, e.created_at`;

export function toAuditClientOf(row: AuditRow): AuditClient | null {
  if (row.client_network === null || row.client_hash === null) return null;
  return { network: row.client_network, addressHash: row.client_hash };
}

/** The row as the chain has it: `seq` and `hash` may be given to one that has none yet. */
export function toSealedEntry(row: AuditRow, seq = Number(row.seq), hash = row.hash ?? ''): SealedEntry {
  const from = toAuditClientOf(row);
  return {
    seq,
    id: row.id,
    actor_id: row.actor_id,
    actor_kind: row.actor_kind,
    action: row.action,
    target_type: row.target_type,
    target_id: row.target_id,
    outcome: row.outcome,
    before: row.before,
    after: row.after,
    from: from && { network: from.network, address_hash: from.addressHash },
    request_id: row.request_id,
    created_at: row.created_at.toISOString(),
    hash,
  };
}
