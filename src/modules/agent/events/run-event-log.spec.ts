import type { RunEvent } from '../loop/run-events.js';
import { NO_USAGE } from '../../../shared/llm/usage.js';
import { type LoggedEvent, RunEventLog } from './run-event-log.js';

const START: RunEvent = { type: 'run-start', runId: 'r', sessionId: 's' };
const END: RunEvent = {
  type: 'run-error',
  runId: 'r',
  sessionId: 's',
  problem: { type: 't', title: 't', status: 500, detail: 'd', code: 'internal' },
  partial: false,
  usage: NO_USAGE,
  cost: 0n,
};
const text = (delta: string, step = 1): RunEvent => ({ type: 'text-delta', step, delta });

async function readAll(log: RunEventLog, afterId = 0): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for await (const batch of log.subscribe(new AbortController().signal, afterId)) all.push(...batch);
  return all;
}

describe(RunEventLog.name, () => {
  it('numbers events from 1 without gaps and joins what arrives together', async () => {
    const log = new RunEventLog();
    log.append(START);
    log.append(text('Hel'));
    log.append(text('lo'));
    log.append({ type: 'reasoning-delta', step: 1, delta: 'hm' });
    log.append(text(' you', 2));
    log.append(END);
    const events = await readAll(log);
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(events[1]!.event).toEqual(text('Hello'));
    expect(events.map(({ event }) => event.type)).toEqual([
      'run-start',
      'text-delta',
      'reasoning-delta',
      'text-delta',
      'run-error',
    ]);
  });

  it('gives a late subscriber everything, and one that resumes only what it has not seen', async () => {
    const log = new RunEventLog();
    for (const event of [START, text('a'), END]) log.append(event);
    expect(await readAll(log)).toHaveLength(3);
    expect((await readAll(log, 2)).map(({ id }) => id)).toEqual([3]);
  });

  it('delivers a delta without waiting for another', async () => {
    const log = new RunEventLog();
    const stop = new AbortController();
    const reader = log.subscribe(stop.signal);
    log.append(text('a'));
    expect((await reader.next()).value).toEqual([{ id: 1, event: text('a') }]);
    stop.abort();
    expect((await reader.next()).done).toBe(true);
  });

  it('ends a waiting subscriber when its signal fires', async () => {
    const log = new RunEventLog();
    const stop = new AbortController();
    const next = log.subscribe(stop.signal).next();
    stop.abort();
    expect((await next).done).toBe(true);
  });
});
