import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../shared/llm/canonical-json.js';

/** The last link: the number of the entry, and its hash in hex. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

export const BEFORE_THE_FIRST: ChainHead = { seq: 0, hash: '0'.repeat(64) };

/** What a hash is made of, by the names that the contract has for it. A member more or less is another hash. */
export interface ChainedEntry {
  readonly seq: number;
  readonly id: string;
  readonly actor_id: string;
  readonly actor_kind: string;
  readonly action: string;
  readonly target_type: string;
  readonly target_id: string;
  readonly outcome: string;
  readonly before: object;
  readonly after: object;
  readonly from: { readonly network: string; readonly address_hash: string } | null;
  readonly request_id: string | null;
  /** ISO 8601, in milliseconds. */
  readonly created_at: string;
}

export type SealedEntry = ChainedEntry & { readonly hash: string };

/** SHA-256, without a key: whoever has an export and the head can check it, and needs no secret of the installation. */
export function hashOf(previousHash: string, entry: ChainedEntry): string {
  return createHash('sha256')
    .update(`${previousHash}\n${canonicalJson(entry)}`)
    .digest('hex');
}

/** Follows a chain link by link. After the first that does not hold it says so and looks at nothing more. */
export class ChainCheck {
  /** Entries that hold. */
  checked = 0;
  /** The number of the first entry that is missing, changed or out of place. */
  firstBrokenSeq: number | null = null;

  constructor(private last: ChainHead = BEFORE_THE_FIRST) {}

  get isBroken(): boolean {
    return this.firstBrokenSeq !== null;
  }

  add({ hash, ...entry }: SealedEntry): void {
    if (this.isBroken) return;
    const expected = this.last.seq + 1;
    if (entry.seq !== expected || hashOf(this.last.hash, entry) !== hash) {
      this.firstBrokenSeq = expected;
      return;
    }
    this.checked += 1;
    this.last = { seq: expected, hash };
  }

  /** All up to `seq` has been added: is it there? */
  reaches(seq: number): void {
    if (!this.isBroken && this.last.seq < seq) this.firstBrokenSeq = this.last.seq + 1;
  }

  /** What comes next is no entry at all. */
  breaks(): void {
    this.firstBrokenSeq ??= this.last.seq + 1;
  }

  /** Nothing more comes: is this the end that was written down? What was cut off shows here alone. */
  end(head: ChainHead): void {
    if (this.isBroken || (head.seq === this.last.seq && head.hash === this.last.hash)) return;
    this.firstBrokenSeq = head.seq > this.last.seq ? this.last.seq + 1 : Math.max(head.seq, 1);
  }
}
