/** Who did what, when. */
export interface AuditEntry {
  readonly id: string;
  readonly actorId: string;
  /** `undefined`: the account is gone. */
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
