import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BEFORE_THE_FIRST, type ChainHead, hashOf, type SealedEntry } from './audit-chain.js';
import { AUDIT_COLUMNS, type AuditRow, toSealedEntry } from './audit-row.js';

interface HeadRow {
  readonly seq: string;
  readonly hash: string;
}

/** The chain over the audit trail as it is stored. */
@Injectable()
export class AuditChainRepository {
  constructor(private readonly dataSource: DataSource) {}

  async hasUnsealed(): Promise<boolean> {
    const [found] = await this.dataSource.query<{ exists: boolean }[]>(
      `SELECT EXISTS (SELECT 1 FROM audit_entry WHERE seq IS NULL) AS exists`,
    );
    return found!.exists;
  }

  /**
   * Gives the next entries their place: first those that were committed first, among those that are there together by their
   * ids. Returns how many, and the new end. `undefined`: another process is at it (unless `isPatient`, which waits for it).
   * The row of the head is the lock: of several who seal at once each goes on where the one before has ended.
   */
  seal(limit: number, isPatient: boolean): Promise<{ sealed: number; head: ChainHead } | undefined> {
    return this.dataSource.transaction(async (manager) => {
      // A statement of its own: what follows sees all that whoever held the row before has sealed.
      const [end] = await manager.query<HeadRow[]>(
        `SELECT seq, hash FROM audit_head FOR UPDATE ${isPatient ? '' : 'SKIP LOCKED'}`,
      );
      if (!end) return undefined;
      let head = toHead(end);
      const rows = await manager.query<AuditRow[]>(
        `SELECT ${AUDIT_COLUMNS} FROM audit_entry e WHERE e.seq IS NULL ORDER BY e.id LIMIT $1`,
        [limit],
      );
      if (rows.length === 0) return { sealed: 0, head };
      const places = rows.map((row) => {
        const { hash: _, ...entry } = toSealedEntry(row, head.seq + 1);
        head = { seq: entry.seq, hash: hashOf(head.hash, entry) };
        return { id: row.id, ...head };
      });
      await manager.query(
        `UPDATE audit_entry e SET seq = place.seq, hash = place.hash
           FROM jsonb_to_recordset($1) AS place (id uuid, seq bigint, hash text) WHERE e.id = place.id`,
        [JSON.stringify(places)],
      );
      await manager.query(`UPDATE audit_head SET seq = $1, hash = $2`, [head.seq, head.hash]);
      return { sealed: rows.length, head };
    });
  }

  /** The end that was written down, and the number of the last entry that is there: the same, while nobody has been here. */
  async head(): Promise<ChainHead & { readonly lastSeq: number }> {
    const [row] = await this.dataSource.query<(Partial<HeadRow> & { last_seq: string })[]>(
      `SELECT h.seq, h.hash, last.seq AS last_seq
         FROM (SELECT coalesce(max(seq), 0) AS seq FROM audit_entry) AS last LEFT JOIN audit_head h ON true`,
    );
    const { seq, hash, last_seq: lastSeq } = row!;
    return {
      ...(seq && hash ? toHead({ seq, hash }) : BEFORE_THE_FIRST),
      lastSeq: Number(lastSeq),
    };
  }

  /** What one link says of itself. `undefined`: it is not there. */
  async link(seq: number): Promise<ChainHead | undefined> {
    const [row] = await this.dataSource.query<HeadRow[]>(`SELECT seq, hash FROM audit_entry WHERE seq = $1`, [
      seq,
    ]);
    return row && toHead(row);
  }

  /** In the order of the chain: what comes after `afterSeq`, up to `lastSeq`, at most `limit`. */
  async read(afterSeq: number, lastSeq: number, limit: number): Promise<SealedEntry[]> {
    const rows = await this.dataSource.query<AuditRow[]>(
      `SELECT ${AUDIT_COLUMNS} FROM audit_entry e WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq LIMIT $3`,
      [afterSeq, lastSeq, limit],
    );
    return rows.map((row) => toSealedEntry(row));
  }
}

const toHead = ({ seq, hash }: HeadRow): ChainHead => ({ seq: Number(seq), hash });
