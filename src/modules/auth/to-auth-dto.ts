import type { Principal } from '../../shared/context/principal.js';
import type { SignedInDto, UserDto } from './auth.dto.js';
import { toPrincipal } from './role-permissions.js';
import type { SignedIn } from './sessions.service.js';

export function toUserDto(principal: Principal): UserDto {
  return {
    id: principal.userId,
    email: principal.email,
    name: principal.name ?? null,
    tier: principal.tier,
    roles: [...principal.roles],
    permissions: [...principal.permissions],
  };
}

export function toSignedInDto(signedIn: SignedIn): SignedInDto {
  return {
    user: toUserDto(toPrincipal(signedIn.account)),
    access_token: signedIn.accessToken,
    refresh_token: signedIn.refreshToken,
    token_type: 'Bearer',
    expires_in: signedIn.expiresInSeconds,
  };
}
