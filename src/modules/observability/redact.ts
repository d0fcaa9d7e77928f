/** What must never be read in a log, wherever in a text it stands. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Credentials in URLs: postgres://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]*@/gi, '$1[redacted]@'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, '$1 [redacted]'],
  // JSON Web Tokens
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[redacted]'],
  // Keys as vendors and we issue them: sk-…, sk_live_…, pk-…
  [/\b(sk|pk|rk|key|api)[-_][A-Za-z0-9_-]{8,}/gi, '[redacted]'],
  [
    /\b(password|passwd|pwd|secret|token|api[-_]?key|authorization)(["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi,
    '$1$2[redacted]',
  ],
];

/** Replaces secrets in a text. */
export function redact(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
}
