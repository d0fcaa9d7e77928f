/** RFC 5321: the longest address that can be delivered to. */
export const MAX_EMAIL_LENGTH = 254;

// Lenient on purpose: names without a top-level domain and local ones such as perch.local are addresses of a self-hosted
// system. Each part is one run over one class of characters, so matching is linear.
const EMAIL = /^[^\s@"(),:;<>[\\\]\p{C}]{1,64}@[\p{L}\p{N}.-]{1,253}$/u;
const DOMAIN_EDGES = /^[.-]|[.-]$|\.\.|\.-|-\./;

/** The form under which an address is stored and found: the same for every way of writing it. */
export function normaliseEmail(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}

/** The account that a body speaks of, in its normalised form; `undefined` when that is no address of one. */
export function emailOf(body: unknown): string | undefined {
  const { email } = (body ?? {}) as { readonly email?: unknown };
  if (typeof email !== 'string') return undefined;
  const normalised = normaliseEmail(email);
  return isEmail(normalised) ? normalised : undefined;
}

/** Expects the normalised form. */
export function isEmail(text: string): boolean {
  if (text.length > MAX_EMAIL_LENGTH || !EMAIL.test(text)) return false;
  return !DOMAIN_EDGES.test(text.slice(text.lastIndexOf('@') + 1));
}
