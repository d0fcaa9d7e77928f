import { describeLiveEvents, eventsOf } from '../../../../../test/contracts/describe-live-events.js';
import { MemoryLiveEvents } from './memory-live-events.js';

describeLiveEvents(MemoryLiveEvents.name, () => {
  const live = new MemoryLiveEvents();
  return {
    owner: live,
    reader: live,
    lose: async (runId) => live.end(runId),
  };
});

describe(MemoryLiveEvents.name, () => {
  it('forgets a run that has ended and wakes whoever still waits for it', async () => {
    const live = new MemoryLiveEvents();
    await live.publish('r', 1, eventsOf(1, 2), () => eventsOf(1, 2));
    const watch = live.watch('r');
    const waiting = watch.next(60_000, new AbortController().signal);
    live.end('r');
    await waiting;
    expect(await live.read('r', 0)).toEqual({ events: [], epoch: 0 });
  });
});
