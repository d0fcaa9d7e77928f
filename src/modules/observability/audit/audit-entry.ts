/** Who did what, when. */
export interface AuditEntry {
  readonly id: string;
  readonly actorId: string;
  /** What it is called where it has no email. `undefined`: the account is gone. */
  readonly actorEmail: string | undefined;
  readonly action: string;
  readonly targetType: string;
  readonly targetId: string;
  readonly before: object;
  readonly after: object;
  readonly requestId: string | null;
  readonly createdAt: Date;
}

/** Who acts, and in which request. */
export interface Actor {
  readonly userId: string;
  readonly requestId: string | undefined;
}

/** Something that was done and changed no row of its own. */
export interface AuditRecord {
  readonly actorId: string;
  /** `<subject>.<verb>`, for example `tool.refused`. */
  readonly action: string;
  readonly targetType: string;
  /** A UUID. */
  readonly targetId: string;
  /** What is worth knowing later. Never content: names, hashes, sizes. */
  readonly details: object;
  readonly requestId?: string | undefined;
}
