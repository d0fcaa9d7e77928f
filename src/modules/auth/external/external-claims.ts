import type { JWTPayload } from 'jose';
import type { IdentityClaims, MappedClaim } from '../../../config/identity-claims.schema.js';
import { type Permission, PERMISSIONS, type Tier, TIERS } from '../../../shared/context/principal.js';
import { isSafeText } from '../../../shared/http/text-safety.js';
import { type Role, ROLES } from '../account.js';
import { isEmail, normaliseEmail } from '../email.js';

const MAX_SUBJECT_LENGTH = 255;

/** What a provider's token says of somebody, as far as the operator lets it. */
export interface ExternalClaims {
  readonly issuer: string;
  readonly subject: string;
  /** `undefined`: the token does not say. */
  readonly issuedAt: Date | undefined;
  /** What the account is called: what the provider says its email is, else the subject. Decides nothing. */
  readonly name: string;
  /** Present when the operator has left it to the provider. */
  readonly tier?: Tier;
  readonly roles?: readonly Role[];
  readonly permissions?: readonly Permission[];
}

/** Reads a payload whose signature, issuer, audience and times are right. `undefined`: it names nobody. */
export function readExternalClaims(payload: JWTPayload, claims: IdentityClaims): ExternalClaims | undefined {
  const subject = valueAt(payload, claims.subject);
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT_LENGTH) return undefined;
  if (!isSafeText(subject)) return undefined;
  const email = valueAt(payload, claims.email);
  const normalised = typeof email === 'string' ? normaliseEmail(email) : '';
  const { tier, roles, permissions } = claims;
  return {
    issuer: payload.iss ?? '',
    subject,
    issuedAt: typeof payload.iat === 'number' ? new Date(payload.iat * 1000) : undefined,
    name: isEmail(normalised) ? normalised : subject,
    // The highest of those that are named: none of them is the lowest.
    ...(tier ? { tier: known(TIERS, wordsAt(payload, tier)).at(-1) ?? TIERS[0] } : {}),
    ...(roles ? { roles: known(ROLES, wordsAt(payload, roles)) } : {}),
    ...(permissions ? { permissions: known(PERMISSIONS, wordsAt(payload, permissions)) } : {}),
  };
}

/** In the order of `all`, so that the order in a token is no difference. Words that are none of ours say nothing. */
function known<T extends string>(all: readonly T[], words: ReadonlySet<string>): T[] {
  return all.filter((word) => words.has(word));
}

/** A list, or a text with words between spaces as `scope` has them. */
function wordsAt(payload: JWTPayload, { claim, values }: MappedClaim): ReadonlySet<string> {
  const value = valueAt(payload, claim);
  const words: readonly unknown[] =
    typeof value === 'string' ? [value, ...value.split(' ')] : Array.isArray(value) ? value : [];
  const texts = words.filter((word): word is string => typeof word === 'string');
  if (!values) return new Set(texts);
  return new Set(texts.flatMap((text) => (Object.hasOwn(values, text) ? [values[text]!] : [])));
}

function valueAt(payload: JWTPayload, path: readonly string[]): unknown {
  let value: unknown = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
