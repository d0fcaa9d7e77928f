import type { DataSource } from 'typeorm';
import { AccountErasureRepository } from '../../../src/modules/agent/account-data/account-erasure.repository.js';
import { AccountExportRepository } from '../../../src/modules/agent/account-data/account-export.repository.js';
import { EXPORT_SOURCES, type ExportSource } from '../../../src/modules/agent/account-data/export-sources.js';
import { AccountClosingRepository } from '../../../src/modules/auth/erasure/account-closing.repository.js';
import { anAuditTrail } from '../an-audit-trail.js';
import type { Act, Acts } from './act.js';
import { CONVERSATION, NOW, OWNER, RUN, WAITING_RUN } from './two-users.js';

const erasure = (source: DataSource): AccountErasureRepository =>
  new AccountErasureRepository(source, anAuditTrail(source));
const close: Act = (source, me) =>
  new AccountClosingRepository(source, anAuditTrail(source)).close(me, { userId: me, requestId: 'r' }, NOW);

/** What an export shows of one kind of record: at the top, or of this parent of the owner's. */
const exporting =
  (records: ExportSource, parentId?: string): Act =>
  async (source, me) => {
    const { rows } = await new AccountExportRepository(source).page(me, records, parentId, undefined);
    // When a user was made differs from one database to the next.
    return rows.map((row) => JSON.stringify(row).replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, 'then'));
  };

/** Who takes all that is theirs, or wants it gone, has no part of the owner's in it. */
export const ERASURE_ACTS: Acts = {
  'AccountClosingRepository.close': [close],
  'AccountErasureRepository.recentRunsOf': [(source, me) => erasure(source).recentRunsOf(me)],
  'AccountErasureRepository.eraseRows': [(source, me) => erasure(source).eraseRows(me)],
  'AccountErasureRepository.eraseAccount': [
    async (source, me) => {
      await close(source, me);
      return erasure(source).eraseAccount(me, { userId: me, requestId: 'r' }, {});
    },
  ],
  'AccountExportRepository.page': EXPORT_SOURCES.flatMap((records) => [
    exporting(records),
    ...(records.children ?? []).flatMap((child) =>
      [CONVERSATION[OWNER]!, RUN, WAITING_RUN].map((parent) => exporting(child, parent)),
    ),
  ]),
};
