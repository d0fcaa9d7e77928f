/**
 * JSON text that PostgreSQL's jsonb accepts: it refuses U+0000 and lone surrogates, and models produce both. NULs go,
 * lone surrogates become U+FFFD; everything else stays as it is.
 */
export function toStorableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // The escapes can only be there when such a character is (or its escape was quoted, which the slow path handles too).
  return text.includes('\\u0000') || text.includes('\\ud') ? JSON.stringify(clean(value)) : text;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value === 'object' && value !== null && !('toJSON' in value)) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [cleanText(key), clean(member)]));
  }
  return value;
}

function cleanText(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed();
}
