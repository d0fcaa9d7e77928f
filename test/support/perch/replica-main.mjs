// The built application with three more tools: what `npm start` runs, for tests that kill and pause real processes.
// Every call of these tools is first recorded in PERCH_TEST_EFFECTS_FILE (side-effects.ts reads it), then answered.
import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool } from '../../../dist/modules/tools/define-tool.js';
import { TOOL_SOURCES } from '../../../dist/modules/tools/tool-registry.js';
import { ToolsModule } from '../../../dist/modules/tools/tools.module.js';

const effectsFile = process.env.PERCH_TEST_EFFECTS_FILE;

/** Synchronously and in one write: once a tool has begun, no kill can hide it, and lines of several processes never mix. */
function record(tool, text, { idempotencyKey, toolCallId, runId }) {
  const effect = { tool, text, idempotencyKey, toolCallId, runId, pid: process.pid, at: Date.now() };
  appendFileSync(effectsFile, `${JSON.stringify(effect)}\n`, { flag: 'a' });
}

const lineInput = z.strictObject({
  text: z.string().describe('The line.'),
  delay_ms: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .optional()
    .describe('How long it takes after the line is written.'),
});

function lineTool(name, isIdempotent) {
  return defineTool({
    name,
    description: 'Appends a line to a file.',
    input: lineInput,
    sideEffect: 'write',
    approval: 'never',
    isIdempotent,
    timeoutMs: 60_000,
    async execute({ text, delay_ms: delayMs = 0 }, context) {
      record(name, text, context);
      if (delayMs > 0) await wait(delayMs, undefined, { signal: context.signal });
      return { written: true };
    },
  });
}

const hangTool = defineTool({
  name: 'hang',
  description: 'Waits, whoever asks it to stop.',
  input: z.strictObject({ ms: z.number().int().min(0).max(60_000) }),
  sideEffect: 'read',
  isIdempotent: true,
  timeoutMs: 60_000,
  async execute({ ms }, context) {
    record('hang', String(ms), context);
    await wait(ms);
    return { waited: true };
  },
});

const testTools = [lineTool('append_line', false), lineTool('idempotent_line', true), hangTool];

// The module's own metadata, read when Nest builds the application below: production code knows nothing of this.
const providers = Reflect.getMetadata('providers', ToolsModule).map((provider) =>
  provider.provide === TOOL_SOURCES
    ? {
        ...provider,
        useFactory: (...needs) => [...provider.useFactory(...needs), { tools: () => testTools }],
      }
    : provider,
);
Reflect.defineMetadata('providers', providers, ToolsModule);

// The test holds the other end: when it dies, whatever the way, this process does not stay behind.
process.stdin.on('end', () => process.exit(1)).resume();

await import('../../../dist/main.js');
