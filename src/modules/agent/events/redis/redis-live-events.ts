import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { PinoLogger } from 'nestjs-pino';
import { EventWatches } from '../event-watches.js';
import type { LiveBatch, LiveEvents, PublishOutcome, RunWatch } from '../live-events.js';
import { NO_OWNERS_EPOCH } from '../no-owners-epoch.js';
import type { LoggedEvent } from '../run-event-log.js';
import { fromStoredEvents, toStoredRows } from '../stored-events.js';

/** A run's stream lives so long after its last event; the longest pause is a tool's or a slow thinker's. */
const LIFETIME_SECONDS = 3600;
/** After the end everything is in the database; readers that are in the middle may finish. */
const LIFETIME_AFTER_END_SECONDS = 60;
/** Batches per run, about: what falls out is either stored or is read when its step is. */
const MAX_BATCHES = 2_000;
/** A reader gets so many batches at once at the most, and no further one after so many bytes: what it holds in memory. */
const READ_BATCHES = 100;
const READ_BYTES = 64 * 1024;
/** So many batches are looked at in one go: Redis copies what it looks at. */
const READ_STRIDE = 4;
const ADOPT_ATTEMPTS = 4;
const ADOPT_PAUSE_MS = 150;
/** Runs per pipeline. */
const ERASE_BATCH = 500;
/** After a failure nothing is tried for so long, so that runs do not wait for a Redis that is away. */
const BACK_OFF_MS = 500;

/**
 * Fencing and appending in one step. An entry's id is the id of its last event, so a reader asks for what comes after the
 * last event it has. Returns 'fenced', 'lost' (the stream is gone: publish everything) or 'published'.
 * KEYS: stream, epoch. ARGV: epoch, mode, lifetime, bound, and for each entry its last id, first id and events. Modes:
 * 'begin' takes what is there or makes a stream, 'append' needs one, 'replace' makes a new one in any case.
 */
const PUBLISH = `
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
local epoch = tonumber(ARGV[1])
if known > epoch then return 'fenced' end
if ARGV[2] == 'append' and redis.call('EXISTS', KEYS[1]) == 0 then return 'lost' end
if ARGV[2] == 'replace' then redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local last = #newest == 0 and 0 or tonumber(string.match(newest[1][1], '^%d+'))
for at = 5, #ARGV, 3 do
  if tonumber(ARGV[at]) > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], ARGV[at] .. '-0',
      'first', ARGV[at + 1], 'events', ARGV[at + 2], 'epoch', ARGV[1])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], ARGV[#ARGV - 2])
return 'published'`;

/** KEYS: stream. ARGV: after id, entries at once, most entries, bytes after which there is no further one. */
const READ = `
local entries, bytes, after = {}, 0, ARGV[1] .. '-0'
while #entries < tonumber(ARGV[3]) do
  local some = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', ARGV[2])
  for _, entry in ipairs(some) do
    table.insert(entries, entry)
    bytes = bytes + #entry[2][4]
    if bytes >= tonumber(ARGV[4]) then return entries end
    after = entry[1]
  end
  if #some < tonumber(ARGV[2]) then break end
end
return entries`;

/** KEYS: stream, epoch. ARGV: epoch, after id, lifetime. Returns whether the stream is there, and the entries. */
const ADOPT = `
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
if known < tonumber(ARGV[1]) then redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3]) end
return { redis.call('EXISTS', KEYS[1]), redis.call('XRANGE', KEYS[1], '(' .. ARGV[2] .. '-0', '+') }`;

type Mode = 'begin' | 'append' | 'replace';
type Entry = readonly [id: string, fields: readonly string[]];

interface RedisWithScripts extends Redis {
  perchPublishEvents(...args: (string | number)[]): Promise<PublishOutcome | 'lost'>;
  perchReadEvents(...args: (string | number)[]): Promise<Entry[]>;
  perchAdoptEvents(...args: (string | number)[]): Promise<[number, Entry[]]>;
}

/** A Redis Stream per run, and a channel of the same name that says when there is more. */
export class RedisLiveEvents implements LiveEvents {
  readonly isShared = true;
  private readonly redis: RedisWithScripts;
  private readonly watches: EventWatches;
  /**
   * Runs of which Redis does not have what it should: a batch did not get through, or what an owner before has published
   * could not be adopted and is in the way. Everything is published again.
   */
  private readonly incomplete = new Set<string>();
  private notBeforeMs = 0;
  /** An outage is told of once, not with every batch. */
  private isFailing = false;

  constructor(
    redis: Redis,
    subscriber: Redis,
    private readonly logger: PinoLogger,
  ) {
    redis.defineCommand('perchPublishEvents', { numberOfKeys: 2, lua: PUBLISH });
    redis.defineCommand('perchReadEvents', { numberOfKeys: 1, lua: READ });
    redis.defineCommand('perchAdoptEvents', { numberOfKeys: 2, lua: ADOPT });
    this.redis = redis as RedisWithScripts;
    const ignore = (error: unknown): void =>
      this.logger.debug({ event: 'redis.events.subscribe', err: error });
    this.watches = new EventWatches(
      (runId) => void subscriber.subscribe(streamKey(runId)).catch(ignore),
      (runId) => void subscriber.unsubscribe(streamKey(runId)).catch(ignore),
    );
    subscriber.on('message', (channel: string) => {
      const runId = runIdOf(channel);
      if (runId !== undefined) this.watches.notify(runId);
    });
    // What was published while the connection was away has woken nobody, and who came meanwhile is not subscribed.
    subscriber.on('ready', () => {
      const runIds = this.watches.runIds();
      if (runIds.length > 0) void subscriber.subscribe(...runIds.map(streamKey)).catch(ignore);
      this.watches.notifyAll();
    });
  }

  async publish(
    runId: string,
    epoch: number,
    events: readonly LoggedEvent[],
    everything: () => readonly LoggedEvent[],
  ): Promise<PublishOutcome> {
    if (performance.now() < this.notBeforeMs) return this.failed(runId);
    try {
      // The first batch of an owner needs no stream; later ones find theirs, or Redis has lost it.
      const isFirst = events[0]?.id === everything()[0]?.id;
      let outcome = this.incomplete.has(runId)
        ? 'lost'
        : await this.append(runId, epoch, events, isFirst ? 'begin' : 'append');
      if (outcome === 'lost') outcome = await this.append(runId, epoch, everything(), 'replace');
      if (outcome === 'published') this.incomplete.delete(runId);
      if (this.isFailing) this.logger.info({ event: 'redis.events.published_again' });
      this.isFailing = false;
      return outcome as PublishOutcome;
    } catch (error) {
      this.notBeforeMs = performance.now() + BACK_OFF_MS;
      if (!this.isFailing) this.logger.warn({ event: 'redis.events.not_published', err: error });
      this.isFailing = true;
      return this.failed(runId);
    }
  }

  /** Throws what the driver throws when Redis is away. */
  async read(runId: string, afterId: number): Promise<LiveBatch> {
    const bounds = [READ_STRIDE, READ_BATCHES, READ_BYTES];
    return toBatch(await this.redis.perchReadEvents(streamKey(runId), afterId, ...bounds), afterId);
  }

  async adopt(runId: string, epoch: number, afterId: number): Promise<readonly LoggedEvent[] | undefined> {
    try {
      const [isThere, entries] = await this.askToAdopt(runId, epoch, afterId);
      if (isThere === 0) return undefined;
      const { events } = toBatch(entries, afterId);
      if (events[0] === undefined || events[0].id === afterId + 1) return events;
      // The bound has cut off what follows on `afterId`; ids are given again from there.
    } catch (error) {
      this.logger.warn({ event: 'redis.events.not_adopted', run_id: runId, err: error });
    }
    this.incomplete.add(runId);
    return undefined;
  }

  /** A moment without Redis is worth waiting for: otherwise nobody knows any more what readers have seen. */
  private async askToAdopt(runId: string, epoch: number, afterId: number): Promise<[number, Entry[]]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const keys = [streamKey(runId), epochKey(runId)];
        return await this.redis.perchAdoptEvents(...keys, epoch, afterId, LIFETIME_SECONDS);
      } catch (error) {
        if (attempt === ADOPT_ATTEMPTS) throw error;
        await delay(ADOPT_PAUSE_MS);
      }
    }
  }

  watch(runId: string): RunWatch {
    return this.watches.watch(runId);
  }

  wake(runId: string): void {
    this.watches.notify(runId);
  }

  end(runId: string): void {
    this.incomplete.delete(runId);
    void this.redis
      .pipeline()
      .expire(streamKey(runId), LIFETIME_AFTER_END_SECONDS)
      .expire(epochKey(runId), LIFETIME_AFTER_END_SECONDS)
      .exec()
      .catch(() => undefined);
  }

  async erase(runIds: readonly string[]): Promise<void> {
    for (let from = 0; from < runIds.length; from += ERASE_BATCH) {
      const pipeline = this.redis.pipeline();
      for (const runId of runIds.slice(from, from + ERASE_BATCH)) {
        this.incomplete.delete(runId);
        // The epoch first: what is published between the two is fenced.
        pipeline.set(epochKey(runId), NO_OWNERS_EPOCH, 'EX', LIFETIME_SECONDS).unlink(streamKey(runId));
      }
      const failed = (await pipeline.exec())?.find(([error]) => error)?.[0];
      if (failed) throw failed;
    }
  }

  private failed(runId: string): 'unavailable' {
    this.incomplete.add(runId);
    return 'unavailable';
  }

  private append(
    runId: string,
    epoch: number,
    events: readonly LoggedEvent[],
    mode: Mode,
  ): Promise<PublishOutcome | 'lost'> {
    return this.redis.perchPublishEvents(
      streamKey(runId),
      epochKey(runId),
      epoch,
      mode,
      LIFETIME_SECONDS,
      MAX_BATCHES,
      ...toStoredRows(events).flatMap(({ lastId, firstId, text }) => [lastId, firstId, text]),
    );
  }
}

/** The hash tag keeps both keys in one slot of a cluster. */
const streamKey = (runId: string): string => `perch:run:{${runId}}:events`;
const epochKey = (runId: string): string => `perch:run:{${runId}}:epoch`;
const runIdOf = (channel: string): string | undefined => /^perch:run:\{(.+)\}:events$/.exec(channel)?.[1];

/** Entries that were published again after a loss overlap; every id is taken once, and a gap ends the list. */
function toBatch(entries: readonly Entry[], afterId: number): LiveBatch {
  const events: LoggedEvent[] = [];
  let epoch = 0;
  for (const [, fields] of entries) {
    const firstId = Number(fields[1]);
    for (const event of fromStoredEvents(firstId, fields[3]!)) {
      const nextId = (events.at(-1)?.id ?? Math.max(afterId, event.id - 1)) + 1;
      if (event.id !== nextId) continue;
      events.push(event);
      epoch = Number(fields[5]);
    }
  }
  return { events, epoch };
}
