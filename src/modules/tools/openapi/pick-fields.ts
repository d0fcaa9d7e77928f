import type { JsonValue } from '../../../shared/llm/json.js';

/** Names of members and, below them, what is kept of each; an empty map keeps all. */
type Kept = Map<string, Kept>;

export type FieldPicker = (value: JsonValue) => JsonValue;

/** Keeps the members that `fields` name (`total`, `items.id`), in objects and in each item of a list. */
export function createFieldPicker(fields: readonly string[]): FieldPicker {
  const all = newLevel();
  for (const path of fields) {
    let level = all;
    const names = path.split('.');
    for (const [index, name] of names.entries()) {
      const known = level.get(name);
      // `items` and `items.id`: the wider one counts.
      if (known?.size === 0) break;
      const next = index === names.length - 1 || !known ? newLevel() : known;
      level.set(name, next);
      level = next;
    }
  }
  return (value) => pick(value, all);
}

function newLevel(): Kept {
  return new Map<string, Kept>();
}

function pick(value: JsonValue, kept: Kept): JsonValue {
  if (kept.size === 0) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, kept));
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const below = kept.get(name);
      return below ? [[name, pick(member, below)] as const] : [];
    }),
  );
}
