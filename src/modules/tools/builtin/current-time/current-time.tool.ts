import { z } from 'zod';
import type { Clock } from '../../../../shared/context/clock.js';
import { defineTool } from '../../define-tool.js';
import { type Tool, ToolError } from '../../tool.js';

/** The time now, anywhere. */
export function currentTimeTool(clock: Clock): Tool {
  return defineTool({
    name: 'current_time',
    description:
      'Tells the current date and time in a time zone. Use it whenever the answer depends on what time or day it is.',
    input: z.strictObject({
      timezone: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe('IANA name such as "Asia/Tokyo" or "Europe/Berlin". Default: UTC.'),
    }),
    sideEffect: 'read',
    isIdempotent: true,
    timeoutMs: 1_000,
    execute: ({ timezone = 'UTC' }) => ({ iso: isoIn(timezone, clock.now()), timezone }),
  });
}

/** ISO 8601 with the zone's own offset: `2026-11-24T18:00:00+09:00`. */
function isoIn(timezone: string, now: Date): string {
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'longOffset',
    }).formatToParts(now);
  } catch {
    throw new ToolError(
      'unknown_timezone',
      'There is no such time zone. Use an IANA name such as "Asia/Tokyo".',
    );
  }
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((candidate) => candidate.type === type)?.value ?? '';
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}${offset}`;
}
