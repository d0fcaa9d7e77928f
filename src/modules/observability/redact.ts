const REDACTED = '[redacted]';

/** What must never be read in a log, wherever in a text it stands. No pattern reaches over a quote, so JSON stays JSON. */
const VALUES: readonly (readonly [RegExp, string])[] = [
  // Credentials in URLs: postgres://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:"'\\]*:[^\s/@"'\\]*@/gi, `$1${REDACTED}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  // JSON Web Tokens
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*/g, REDACTED],
  // Keys as vendors and we issue them: sk-…, sk_live_…, pk-…; the general words only with a digit in what follows.
  [/\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{8,}/gi, REDACTED],
  // Refresh tokens of ours.
  [/\bprt_[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/\b(?:key|api)[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{8,}/gi, REDACTED],
  [
    /\b(?:AIza[A-Za-z0-9_-]{20,}|AKIA[A-Z0-9]{16}|gh[opsu]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,})/g,
    REDACTED,
  ],
];
/** One look that tells most lines from the few that have any of it. */
const SUSPICIOUS =
  /:\/\/[^\s/"]*@|\b(?:bearer|basic)\s|eyJ|\b(?:sk|pk|rk|prt|key|api)[-_]|AIza|AKIA|gh[opsu]_|xox/i;

/** `password=…`, `"token": "…"`: the name says that what follows is secret. */
const NAMED =
  /\b(password|passwd|pwd|secret|(?:access_|refresh_|id_)?token|api[-_]?key|authorization)(\\?["']?\s*[=:]\s*\\?["']?)[^\s"'\\,;&]+/gi;

/** Replaces secrets that can be told by their form. */
export function redactValues(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  let clean = text;
  for (const [pattern, replacement] of VALUES) clean = clean.replace(pattern, replacement);
  return clean;
}

/** Replaces secrets in a text that people wrote: also what stands behind a telling name. */
export function redact(text: string): string {
  return redactValues(text).replace(NAMED, `$1$2${REDACTED}`);
}
