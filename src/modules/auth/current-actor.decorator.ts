import { createParamDecorator } from '@nestjs/common';
import { requestContext } from '../../shared/context/request-context.js';
import type { Actor } from '../observability/index.js';
import { unauthenticated } from './auth.errors.js';

/** Who acts, for the audit trail. On a route that is not public there is somebody. */
export const CurrentActor = createParamDecorator((): Actor => {
  const context = requestContext.current();
  if (!context?.principal) throw unauthenticated();
  return { userId: context.principal.userId, requestId: context.requestId };
});
