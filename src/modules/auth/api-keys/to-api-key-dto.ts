import type { ApiKey } from './api-key.js';
import type { ApiKeyDto, CreateApiKeyBody, NewApiKeyDto } from './api-keys.dto.js';
import type { ApiKeyRequest, NewKey } from './api-keys.service.js';

export function toApiKeyRequest({ name, scopes, expires_at: expiresAt }: CreateApiKeyBody): ApiKeyRequest {
  return { name, scopes, expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt) };
}

export function toApiKeyDto(key: ApiKey): ApiKeyDto {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: [...key.scopes],
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}

export function toNewApiKeyDto({ apiKey, key }: NewKey): NewApiKeyDto {
  return { ...toApiKeyDto(apiKey), key };
}
