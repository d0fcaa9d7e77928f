import { NO_USAGE } from '../../../shared/llm/usage.js';
import type { RunEvent } from '../loop/run-events.js';
import type { LoggedEvent } from './run-event-log.js';
import { fromStoredEvents, toStoredEvents, toStoredRows } from './stored-events.js';

const call = { toolCallId: 'c', toolName: 'echo', input: { z: 1, a: [null, 'ü\u2028'] } };
const result = { toolCallId: 'c', toolName: 'echo', result: 'x', isError: false, durationMs: 1.5 };

/** One of each kind; money is beyond what a JSON number holds. */
const EVENTS: readonly RunEvent[] = [
  { type: 'run-start', runId: 'r', sessionId: 's' },
  { type: 'step-start', step: 1 },
  { type: 'text-delta', step: 1, delta: 'a\u0000b\ud800"\\' },
  { type: 'reasoning-delta', step: 1, delta: '12' },
  { type: 'tool-call', step: 1, call },
  { type: 'tool-result', step: 1, result },
  { type: 'step-end', step: 1, finishReason: 'stop', usage: NO_USAGE, cost: 12_345_678_901_234_567_890n },
  { type: 'step-end', step: 2, finishReason: 'stop', usage: NO_USAGE, cost: undefined },
  { type: 'step-restart', step: 1, discardAfter: 3, isTailLost: true },
  {
    type: 'run-end',
    answer: {
      runId: 'r',
      sessionId: 's',
      messageId: null,
      content: '',
      toolCalls: [{ call, result }],
      finishReason: 'stop',
      stopReason: 'finished',
      model: 'm',
      usage: NO_USAGE,
      cost: 0n,
      latencyMs: 1,
    },
  },
  {
    type: 'run-error',
    runId: 'r',
    sessionId: 's',
    problem: { type: 't', title: 't', status: 500, detail: 'd', code: 'internal' },
    partial: true,
    usage: NO_USAGE,
    cost: undefined,
  },
];

const logged = (firstId: number, events: readonly RunEvent[]): LoggedEvent[] =>
  events.map((event, index) => ({ id: firstId + index, event }));

describe('stored events', () => {
  it('are read as they were written, whatever their kind', () => {
    const events = logged(7, EVENTS);
    expect(fromStoredEvents(7, toStoredEvents(events))).toEqual(events);
  });

  it('are the same text when they are written again: members keep their order', () => {
    const text = toStoredEvents(logged(1, EVENTS));
    expect(toStoredEvents(fromStoredEvents(1, text))).toBe(text);
  });

  it('have nothing in them that PostgreSQL refuses in a text', () => {
    const text = toStoredEvents(logged(1, EVENTS));
    expect(text).not.toContain('\u0000');
    expect(text.isWellFormed()).toBe(true);
  });

  it('are divided into rows of a bounded size, without a gap and with no event cut', () => {
    const sizes = [10, 70_000, 10, 40_000, 40_000, 10, 300_000, 10];
    const events = logged(
      4,
      sizes.map((size) => ({ type: 'text-delta', step: 1, delta: 'x'.repeat(size) })),
    );
    const rows = toStoredRows(events);
    expect(rows.map(({ firstId, lastId }) => [firstId, lastId])).toEqual([
      [4, 5],
      [6, 8],
      [9, 10],
      [11, 11],
    ]);
    expect(rows.flatMap(({ firstId, text }) => fromStoredEvents(firstId, text))).toEqual(events);
    expect(toStoredRows([])).toEqual([]);
  });
});
