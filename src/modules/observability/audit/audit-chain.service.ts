import { Injectable } from '@nestjs/common';
import { BEFORE_THE_FIRST, ChainCheck, type ChainHead } from './audit-chain.js';
import { AuditChainRepository } from './audit-chain.repository.js';
import { AuditSealer } from './audit-sealer.js';

const PAGE = 500;

export interface ChainVerdict {
  readonly ok: boolean;
  readonly checked: number;
  /** The first entry that is missing or was changed. */
  readonly firstBrokenSeq: number | null;
  /** What is left: to be asked for with this as `afterSeq`. `null`: nothing is. */
  readonly nextAfterSeq: number | null;
  readonly head: ChainHead;
}

/** The chain over the audit trail, for whoever wants to check it: here, or elsewhere in an export. */
@Injectable()
export class AuditChain {
  constructor(
    private readonly chain: AuditChainRepository,
    private readonly sealer: AuditSealer,
  ) {}

  /**
   * Computes the chain again from behind `afterSeq`, at most `limit` entries of it. The entry at `afterSeq` is believed, as
   * the verdict before this one has checked it.
   */
  async verify(afterSeq: number, limit: number): Promise<ChainVerdict> {
    await this.sealer.sealNow();
    const { lastSeq: lastStored, ...head } = await this.chain.head();
    const start = afterSeq === 0 ? BEFORE_THE_FIRST : await this.chain.link(afterSeq);
    if (!start) {
      const isAfterTheEnd = afterSeq > head.seq;
      const firstBrokenSeq = isAfterTheEnd ? null : afterSeq;
      return { ok: isAfterTheEnd, checked: 0, firstBrokenSeq, nextAfterSeq: null, head };
    }
    const check = new ChainCheck(start);
    const lastSeq = Math.min(head.seq, afterSeq + limit);
    for (let seq = afterSeq; seq < lastSeq && !check.isBroken; seq += PAGE) {
      for (const entry of await this.chain.read(seq, Math.min(seq + PAGE, lastSeq), PAGE)) check.add(entry);
      check.reaches(Math.min(seq + PAGE, lastSeq));
    }
    const isLast = lastSeq === head.seq;
    if (isLast) {
      check.end(head);
      check.reaches(lastStored);
    }
    return {
      ok: !check.isBroken,
      checked: check.checked,
      firstBrokenSeq: check.firstBrokenSeq,
      nextAfterSeq: check.isBroken || isLast ? null : lastSeq,
      head,
    };
  }

  /**
   * All entries up to now in the order of the chain, one JSON object a line, and at last `{"head": {"seq", "hash"}}`: without
   * that line an export is not whole. The first piece is read before this resolves, so a database that is away is a problem
   * and not half a file.
   */
  async export(): Promise<AsyncGenerator<string>> {
    await this.sealer.sealNow();
    const { seq, hash } = await this.chain.head();
    const head = { seq, hash };
    return this.lines(await this.piece(0, head), head);
  }

  private async *lines(first: string, head: ChainHead): AsyncGenerator<string> {
    yield first;
    for (let seq = PAGE; seq < head.seq; seq += PAGE) yield await this.piece(seq, head);
    yield `${JSON.stringify({ head })}\n`;
  }

  private async piece(afterSeq: number, head: ChainHead): Promise<string> {
    const entries = await this.chain.read(afterSeq, Math.min(afterSeq + PAGE, head.seq), PAGE);
    return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  }
}
