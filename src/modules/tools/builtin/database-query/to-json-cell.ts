import type { JsonValue } from '../../../../shared/llm/json.js';

/** Types by their number in pg_type, which never changes for those that come with PostgreSQL. */
const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [16, 'boolean'],
  [17, 'bytea'],
  [20, 'bigint'],
  [21, 'smallint'],
  [23, 'integer'],
  [25, 'text'],
  [114, 'json'],
  [700, 'real'],
  [701, 'double precision'],
  [1007, 'integer[]'],
  [1009, 'text[]'],
  [1016, 'bigint[]'],
  [1042, 'character'],
  [1043, 'character varying'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamp with time zone'],
  [1186, 'interval'],
  [1231, 'numeric[]'],
  [1700, 'numeric'],
  [2249, 'record'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);

const MAX_JSON_DEPTH = 50;

export function typeNameOf(typeId: number): string {
  return TYPE_NAMES.get(typeId) ?? 'other';
}

/** Numbers that a double carries exactly, truth values and JSON as themselves; all else as PostgreSQL's own text. */
export function toJsonCell(text: string | null, typeId: number): JsonValue {
  if (text === null) return null;
  switch (typeNameOf(typeId)) {
    case 'boolean':
      return text === 't';
    case 'smallint':
    case 'integer':
      return Number(text);
    case 'real':
    case 'double precision':
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 'bigint':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'json':
    case 'jsonb':
      return isDeep(text) ? text : (JSON.parse(text) as JsonValue);
    default:
      return text;
  }
}

/** Thousands of levels are one aggregate away, and whoever writes JSON goes through them by recursion. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > MAX_JSON_DEPTH) return true;
  }
  return false;
}
