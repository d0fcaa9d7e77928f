import type { AuditEntry, ChainVerdict } from '../../observability/index.js';
import type { AuditEntryDto, AuditVerdictDto } from './audit.dto.js';

export function toAuditEntryDto(entry: AuditEntry): AuditEntryDto {
  return {
    id: entry.id,
    seq: entry.seq,
    hash: entry.hash,
    actor_id: entry.actorId,
    actor_kind: entry.actorKind,
    actor_email: entry.actorEmail ?? null,
    action: entry.action,
    target_type: entry.targetType,
    target_id: entry.targetId,
    outcome: entry.outcome,
    before: entry.before,
    after: entry.after,
    from: entry.from && { network: entry.from.network, address_hash: entry.from.addressHash },
    request_id: entry.requestId,
    created_at: entry.createdAt.toISOString(),
  };
}

export function toAuditVerdictDto(verdict: ChainVerdict): AuditVerdictDto {
  return {
    ok: verdict.ok,
    checked: verdict.checked,
    first_broken_seq: verdict.firstBrokenSeq,
    next_after_seq: verdict.nextAfterSeq,
    head: verdict.head,
  };
}
