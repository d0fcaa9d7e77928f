import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';

/** The name of the scheme `x-api-key` in the OpenAPI document. */
export const API_KEY_SCHEME = 'api_key';

/** Shows in the OpenAPI document what every private route takes: an access token, or an API key in either header. */
export const AnyCaller = (): MethodDecorator & ClassDecorator =>
  applyDecorators(ApiBearerAuth(), ApiSecurity(API_KEY_SCHEME));
