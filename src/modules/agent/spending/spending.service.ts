import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { type IdPage, readIdPage } from '../../../shared/http/id-page.js';
import { AccountsService } from '../../auth/index.js';
import { AlertRepository, type TrackedAlert } from './alert.repository.js';
import { type LedgerPeriod, ledgerPeriod } from './ledger-period.js';
import type { GroupedSpending, SpendingGroup, SpendingKey, SpendingSum } from './spending.js';
import { SpendingReportRepository } from './spending-report.repository.js';

/** A user's own rows are few; those of all users may be many. */
const MAX_DAYS_OF_USER = 366;
const MAX_DAYS_OF_ALL = 93;

type PeriodQuery = Parameters<typeof ledgerPeriod>[0];

export interface UserSpending extends SpendingSum {
  readonly userId: string;
  /** `undefined`: the account is gone. */
  readonly email: string | undefined;
}

/** What was used and what it cost, from the ledger; and the alerts about it. */
@Injectable()
export class SpendingService {
  constructor(
    private readonly spending: SpendingReportRepository,
    private readonly alerts: AlertRepository,
    private readonly accounts: AccountsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `validation_failed` for a period that is none or too long. */
  async ofUser(
    userId: string,
    query: PeriodQuery,
    groupBy: SpendingGroup,
  ): Promise<{ period: LedgerPeriod; spending: GroupedSpending<SpendingKey> }> {
    const period = this.period(query, MAX_DAYS_OF_USER);
    return { period, spending: await this.spending.ofUser(userId, period, groupBy) };
  }

  /** Those who spent most first. Throws `validation_failed` for a period that is none or too long. */
  async byUser(
    query: PeriodQuery,
    limit: number,
  ): Promise<{ period: LedgerPeriod; users: readonly UserSpending[]; hasMore: boolean; total: SpendingSum }> {
    const period = this.period(query, MAX_DAYS_OF_ALL);
    const { groups, total } = await this.spending.byUser(period, limit + 1);
    const users = groups.slice(0, limit);
    const emails = await this.accounts.emailsOf(users.map(({ userId }) => userId));
    return {
      period,
      users: users.map((user) => ({ ...user, email: emails.get(user.userId) })),
      hasMore: groups.length > limit,
      total,
    };
  }

  listAlerts(
    page: IdPage,
  ): Promise<{ readonly items: readonly TrackedAlert[]; readonly nextCursor: string | null }> {
    return readIdPage(page, (asked) => this.alerts.findPage(asked));
  }

  private period(query: PeriodQuery, maxDays: number): LedgerPeriod {
    return ledgerPeriod(query, { now: this.clock.now(), maxDays });
  }
}
