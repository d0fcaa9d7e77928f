import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';

export const REFUSES_API_KEYS = 'perch:refuses-api-keys';

/**
 * For what a key must not do whatever its scopes: make other credentials, change how its owner logs in, or take
 * everything of them at once. The same decorator shows it in the OpenAPI document (`x-refuses-api-keys`).
 */
export const RefusesApiKeys = (): MethodDecorator & ClassDecorator =>
  applyDecorators(
    SetMetadata(REFUSES_API_KEYS, true),
    ApiBearerAuth(),
    ApiExtension('x-refuses-api-keys', true),
  );
