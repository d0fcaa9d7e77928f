// What can only be seen from within the process: database commands, and the time from a request's admission to its first
// model call. Also the switch that leaves the journal's writes out, for comparison.
import pg from 'pg';
import { RunAdmissionRepository } from '../dist/modules/agent/run-admission.repository.js';
import { RunJournalRepository } from '../dist/modules/agent/run-journal.repository.js';
import { ResilientModelClient } from '../dist/modules/providers/resilience/resilient-model-client.js';

const KEPT = 10_000;
let commands = 0;
let admittedAt;
let firstCallMs = [];

/** Counts from now on; must be called before the application is made. */
export function installProbe({ withoutJournal = false } = {}) {
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
  if (!withoutJournal) return;
  Object.assign(RunJournalRepository.prototype, {
    forRun: () => ({
      commitModelStep: async () => undefined,
      recordToolResult: async () => undefined,
      commitToolResults: async () => undefined,
    }),
    close: async () => 'closed',
  });
}

/** What was seen since the last call. */
export function takeFigures() {
  const figures = { commands, firstCallMs };
  commands = 0;
  firstCallMs = [];
  return figures;
}

function wrap(prototype, method, wrapper) {
  prototype[method] = wrapper(prototype[method]);
}
