import { z } from 'zod';

/** A claim's name, or the path to it: `"groups"`, `["realm_access", "roles"]`. */
const claimPath = z.union([
  z
    .string()
    .min(1)
    .transform((name) => [name]),
  z.array(z.string().min(1)).min(1).max(8),
]);

/** A claim whose words are ours already, or together with what each of its words means here. */
const mappedClaim = z.union([
  claimPath.transform((claim) => ({ claim, values: undefined })),
  z.strictObject({ claim: claimPath, values: z.record(z.string(), z.string()) }),
]);

/**
 * Which claims of an outside identity provider's tokens say who somebody is. `tier`, `roles` and `permissions` that are named
 * here are the provider's to decide; those that are not are set by administrators.
 */
export const identityClaimsSchema = z.strictObject({
  subject: claimPath.prefault('sub'),
  email: claimPath.prefault('email'),
  tier: mappedClaim.optional(),
  roles: mappedClaim.optional(),
  permissions: mappedClaim.optional(),
});

export type IdentityClaims = z.output<typeof identityClaimsSchema>;
export type MappedClaim = z.output<typeof mappedClaim>;

/** Signatures that nobody can make who only knows the public key. */
export const JWKS_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;
