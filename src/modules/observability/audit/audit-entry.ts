import type { Principal } from '../../../shared/context/principal.js';

/**
 * - `user`: a person, or what acts for one
 * - `key`: an API key
 * - `service`: another program of the operator's
 * - `system`: Perch itself; the actor is the user whose work it was
 */
export const ACTOR_KINDS = ['user', 'key', 'service', 'system'] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

export const AUDIT_OUTCOMES = ['ok', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** From where, as far as the trail may know: addresses are about people. */
export interface AuditClient {
  /** The /24 or /48 that the address belongs to. */
  readonly network: string;
  /** Equal for equal addresses. Under a key of the installation's: nobody else can try all addresses out. */
  readonly addressHash: string;
}

/** Who did what, when, from where, and what became of it. Ids only: people are looked up when the trail is read. */
export interface AuditEntry {
  readonly id: string;
  /** Its number in the chain, from 1 without gaps. `null`: not sealed yet, which takes about a second. */
  readonly seq: number | null;
  /** SHA-256 over the entry and the hash before it, in hex. */
  readonly hash: string | null;
  readonly actorId: string;
  readonly actorKind: ActorKind;
  /** What it is called where it has no email. `undefined`: the account is gone. */
  readonly actorEmail: string | undefined;
  readonly action: string;
  readonly targetType: string;
  readonly targetId: string;
  readonly outcome: AuditOutcome;
  readonly before: object;
  readonly after: object;
  /** `null`: not in the course of a request. */
  readonly from: AuditClient | null;
  readonly requestId: string | null;
  readonly createdAt: Date;
}

/** Who acts, and in which request. */
export interface Actor {
  readonly userId: string;
  readonly requestId: string | undefined;
}

/** Something that was done, or refused. */
export interface AuditRecord {
  readonly actorId: string;
  /** Left out: what the actor showed in the present request; else `user`. */
  readonly actorKind?: ActorKind;
  /** `<subject>.<verb>`, for example `tool.refused`. */
  readonly action: string;
  readonly targetType: string;
  /** A UUID. */
  readonly targetId: string;
  /** Left out: `ok`. */
  readonly outcome?: AuditOutcome;
  /** What is worth knowing later. Never content: names, hashes, sizes. After a change: the members as they are now. */
  readonly details: object;
  /** Only of a change: the same members as they were. */
  readonly before?: object;
  readonly requestId?: string | undefined;
  /** Left out: a new one. */
  readonly id?: string;
  /** Left out: now. */
  readonly at?: Date;
}

/** A run's user, or the key that speaks for them, wherever and whenever the run is driven. */
export function actorOf({ userId, scopes }: Principal): Pick<AuditRecord, 'actorId' | 'actorKind'> {
  return { actorId: userId, actorKind: scopes ? 'key' : 'user' };
}
