import type { StoredMessage } from './conversation.js';

/** A row of `message`, as MESSAGE_COLUMNS selects it. */
export interface MessageRow {
  readonly id: string;
  readonly seq: number;
  readonly role: StoredMessage['role'];
  readonly parts: StoredMessage['parts'];
  readonly status: StoredMessage['status'];
  readonly run_id: string | null;
  readonly pinned: boolean;
  readonly created_at: Date;
}

export const MESSAGE_COLUMNS = 'm.id, m.seq, m.role, m.parts, m.status, m.run_id, m.pinned, m.created_at';

export function toStoredMessage(row: MessageRow): StoredMessage {
  return {
    id: row.id,
    seq: row.seq,
    role: row.role,
    parts: row.parts,
    status: row.status,
    runId: row.run_id,
    isPinned: row.pinned,
    createdAt: row.created_at,
  };
}
