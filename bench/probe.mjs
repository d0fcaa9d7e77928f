// What can only be seen from within the process: database commands, the quota's commands to Redis, and the time from a
// request's admission to its first model call. Also the switches that leave a part out, for comparison.
import { Redis } from 'ioredis';
import pg from 'pg';
import { RunQueueRepository } from '../dist/modules/agent/ownership/run-queue.repository.js';
import { RunAdmissionRepository } from '../dist/modules/agent/run-admission.repository.js';
import { RunJournalRepository } from '../dist/modules/agent/run-journal.repository.js';
import { FallbackQuotaStore } from '../dist/modules/rate-limit/fallback-quota-store.js';
import { ResilientModelClient } from '../dist/modules/providers/resilience/resilient-model-client.js';

const KEPT = 10_000;
let commands = 0;
let quotaCommands = 0;
let admittedAt;
let firstCallMs = [];

/** Counts from now on; must be called before the application is made. */
export function installProbe({ withoutJournal = false, withoutQuota = false } = {}) {
  wrap(
    Redis.prototype,
    'sendCommand',
    (send) =>
      function counted(command, ...more) {
        if (command.args.some((argument) => String(argument).startsWith('{perch:quota}'))) quotaCommands += 1;
        return send.call(this, command, ...more);
      },
  );
  wrap(
    pg.Client.prototype,
    'query',
    (query) =>
      function counted(...parameters) {
        commands += 1;
        return query.apply(this, parameters);
      },
  );
  wrap(
    RunAdmissionRepository.prototype,
    'startInNewConversation',
    (start) =>
      async function timed(...parameters) {
        const admitted = await start.apply(this, parameters);
        admittedAt = performance.now();
        return admitted;
      },
  );
  wrap(
    ResilientModelClient.prototype,
    'stream',
    (stream) =>
      function timed(...parameters) {
        // Only meant at concurrency 1: there it belongs to the run that was admitted last.
        if (admittedAt !== undefined && firstCallMs.length < KEPT)
          firstCallMs.push(performance.now() - admittedAt);
        admittedAt = undefined;
        return stream.apply(this, parameters);
      },
  );
  if (withoutQuota) {
    Object.assign(FallbackQuotaStore.prototype, {
      reserve: async () => ({ admitted: true, states: [] }),
      settle: async () => undefined,
      release: async () => undefined,
    });
  }
  if (!withoutJournal) return;
  Object.assign(RunJournalRepository.prototype, {
    forRun: () => ({
      commitModelStep: async () => undefined,
      recordToolResult: async () => undefined,
      commitToolResults: async () => undefined,
    }),
    close: async () => 'closed',
  });
  // In the database these runs never end; nobody shall take that for a fault and go on with them.
  Object.assign(RunQueueRepository.prototype, { ownedBy: async () => [], hasQueued: async () => false });
}

/** What was seen since the last call. */
export function takeFigures() {
  const figures = { commands, quotaCommands, firstCallMs };
  commands = 0;
  quotaCommands = 0;
  firstCallMs = [];
  return figures;
}

function wrap(prototype, method, wrapper) {
  prototype[method] = wrapper(prototype[method]);
}
