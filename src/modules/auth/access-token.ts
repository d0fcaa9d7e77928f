import { z } from 'zod';
import { isUuid } from '../../shared/context/ids.js';
import type { Session } from './session.js';

export const ACCESS_TOKEN_ALGORITHM = 'HS256';

/** What an access token says. Who the user is and what they may do is asked of the database. */
export interface AccessClaims extends Session {
  readonly tokenId: string;
  /** Seconds since 1970. From this second on the token is worth nothing. */
  readonly expiresAt: number;
}

const uuid = z.string().refine(isUuid);
const payloadSchema = z.object({
  typ: z.literal('access'),
  sub: uuid,
  sid: uuid,
  jti: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  nbf: z.number().optional(),
});

export type AccessPayload = z.input<typeof payloadSchema>;

/** Reads the payload of a token whose signature, issuer and audience are right. `undefined`: not one of ours. */
export function readClaims(payload: unknown, now: Date): AccessClaims | undefined {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return undefined;
  const { sub, sid, jti, exp, nbf } = parsed.data;
  if (nbf !== undefined && nbf * 1000 > now.getTime()) return undefined;
  return { userId: sub, sessionId: sid, tokenId: jti, expiresAt: exp };
}
