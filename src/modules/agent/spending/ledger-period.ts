import { validationFailed } from '../../../shared/errors/app-error.js';

/** From the first moment on, up to and without the second. */
export interface LedgerPeriod {
  readonly from: Date;
  readonly to: Date;
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;

// Without an offset a moment would depend on the server's time zone.
const DAY_OR_MOMENT = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** True for a day (`2026-11-25`) and for a moment with its offset (`2026-11-25T10:00:00Z`) that exist. */
export function isDayOrMoment(value: unknown): boolean {
  const day = typeof value === 'string' ? DAY_OR_MOMENT.exec(value)?.[1] : undefined;
  if (day === undefined || Number.isNaN(Date.parse(value as string))) return false;
  // The engine takes the 31st of any month for some day.
  return new Date(day).toISOString().startsWith(day);
}

/**
 * What `from` and `to` mean. Days are UTC's; `to` as a day includes that day, as a moment it is the first that does not
 * count. Without `to` it is the end of today, without `from` the thirty days up to then. Throws `validation_failed`.
 */
export function ledgerPeriod(
  query: { readonly from?: string; readonly to?: string },
  { now, maxDays }: { readonly now: Date; readonly maxDays: number },
): LedgerPeriod {
  const to = query.to === undefined ? endOfDay(now) : endOf(query.to);
  const from =
    query.from === undefined ? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS) : new Date(query.from);
  if (from >= to) throw validationFailed([{ pointer: '/from', detail: 'must be before `to`' }]);
  if (to.getTime() - from.getTime() > maxDays * DAY_MS) {
    throw validationFailed([{ pointer: '/from', detail: `must be at most ${maxDays} days before \`to\`` }]);
  }
  return { from, to };
}

function endOf(text: string): Date {
  return text.includes('T') ? new Date(text) : endOfDay(new Date(text));
}

function endOfDay(date: Date): Date {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1));
}
