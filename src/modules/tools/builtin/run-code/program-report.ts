import type { JsonValue } from '../../../../shared/llm/json.js';
import type { ProgramOutcome } from './program-outcome.js';

/** Of all that the model gets, as JSON. What tools may return ends at 64 KiB. */
const MAX_OUTPUT_BYTES = 64 * 1024 - 256;
const MAX_LOG_BYTES = 16 * 1024;
/** Whoever handles the result later does so by recursion. */
const MAX_DEPTH = 200;

/** Reads what the prelude's `report` gave: the result as JSON, the logs, and whether either was cut inside. */
export function readReport(report: string): ProgramOutcome {
  const [resultJson, isResultCut, printed, isLogCut] = JSON.parse(report) as [
    string,
    boolean,
    string,
    boolean,
  ];
  if (depthOf(resultJson) > MAX_DEPTH) {
    return {
      kind: 'failed',
      name: 'TooDeep',
      message: `The result is nested deeper than ${MAX_DEPTH} levels.`,
    };
  }
  const log = printed.toWellFormed();
  const logs = cutToBytes(log, MAX_LOG_BYTES);
  const room = MAX_OUTPUT_BYTES - jsonBytes(logs);
  const isWhole = !isResultCut && Buffer.byteLength(resultJson) <= room;
  return {
    kind: 'done',
    result: isWhole ? (JSON.parse(resultJson) as JsonValue) : cutToBytes(resultJson, room),
    ...(log === '' ? {} : { logs }),
    ...(!isWhole || isLogCut || logs !== log ? { truncated: true } : {}),
  };
}

/** Reads what the prelude's `describe` gave: name, message and stack of what was thrown. */
export function readError(description: string, file: string): ProgramOutcome {
  const [name, message, stack] = JSON.parse(description) as [string, string, string];
  if (name === 'InternalError' && message === 'out of memory') return { kind: 'memory' };
  const position = stack.indexOf(`${file}:`);
  const line = position === -1 ? NaN : Number.parseInt(stack.slice(position + file.length + 1), 10);
  return {
    kind: 'failed',
    name: printable(name).slice(0, 100) || 'Error',
    message: printable(message),
    ...(Number.isNaN(line) ? {} : { line }),
  };
}

/** Without what no database takes. */
function printable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** The longest beginning of a text that has so many bytes as a JSON string. */
function cutToBytes(text: string, maxBytes: number): string {
  let kept = text.slice(0, maxBytes).toWellFormed();
  while (jsonBytes(kept) > maxBytes) {
    // Never more than needed by much, and always shorter: it ends.
    kept = kept.slice(0, Math.min(kept.length - 1, Math.floor((kept.length * maxBytes) / jsonBytes(kept))));
  }
  return kept.toWellFormed();
}

/** Of the arrays and objects in a JSON text. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"?|[[{\]}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth -= 1;
  }
  return deepest;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
