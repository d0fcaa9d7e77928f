import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { isUuid } from '../../../shared/context/ids.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { type Actor, AuditTrail } from '../../observability/index.js';
import { AccountExportRepository, type ExportedRow } from './account-export.repository.js';
import { EXPORT_SOURCES, type ExportSource } from './export-sources.js';

/**
 * Writes out what there is of a user: one JSON object per line, each with `record`, and at the end one that says how many
 * there were, so that whoever reads it knows that nothing is missing. It is no snapshot: what changes meanwhile may be there
 * as it was or as it is.
 */
@Injectable()
export class AccountExport {
  constructor(
    private readonly repository: AccountExportRepository,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** That it was asked for is in the audit trail. Resolves once the account has been read; throws `not_found`. */
  async open(userId: string, actor: Actor): Promise<AsyncGenerator<string>> {
    const lines = this.lines(userId);
    const first = isUuid(userId) ? await lines.next() : undefined;
    if (!first || first.done) throw notFound();
    await this.audit.record({
      actorId: actor.userId,
      action: 'user.exported',
      targetType: 'user',
      targetId: userId,
      details: {},
      requestId: actor.requestId,
    });
    return this.all(first.value, lines);
  }

  private async *all(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
    let records = 1;
    yield first;
    for await (const line of rest) {
      records += 1;
      yield line;
    }
    yield toLine({ record: 'end', records, exported_at: this.clock.now() });
  }

  /** None: there is no such account. */
  private async *lines(userId: string): AsyncGenerator<string> {
    for (const [index, source] of EXPORT_SOURCES.entries()) {
      let count = 0;
      for await (const line of this.recordsOf(userId, source)) {
        count += 1;
        yield line;
      }
      if (index === 0 && count === 0) return;
    }
  }

  private async *recordsOf(userId: string, source: ExportSource, parentId?: string): AsyncGenerator<string> {
    let after: readonly string[] | undefined;
    do {
      const page = await this.repository.page(userId, source, parentId, after);
      for (const row of page.rows) {
        yield toLine({ record: source.record, ...shown(row, source) });
        for (const child of source.children ?? []) yield* this.recordsOf(userId, child, row.id);
      }
      ({ after } = page);
    } while (after);
  }
}

function shown(row: ExportedRow, { hidden, only, json, counts }: ExportSource): Record<string, unknown> {
  const members = Object.entries(row)
    .filter(([column]) => (only ? only.includes(column) : !hidden?.includes(column)))
    .map(([column, value]) => {
      if (typeof value !== 'string') return [column, value] as const;
      if (json?.includes(column)) return [column, JSON.parse(value) as unknown] as const;
      return [column, counts?.includes(column) ? Number(value) : value] as const;
    });
  return Object.fromEntries(members);
}

function toLine(record: object): string {
  return `${JSON.stringify(record)}\n`;
}
