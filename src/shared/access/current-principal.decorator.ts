import { createParamDecorator } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { requestContext } from '../context/request-context.js';
import type { Principal } from '../context/principal.js';

/** The caller. On a route that is not public the guard has put it there; anything else is a bug, answered as 401. */
export const CurrentPrincipal = createParamDecorator((): Principal => {
  const principal = requestContext.current()?.principal;
  if (!principal)
    throw new AppError('unauthenticated', 'unauthenticated', { detail: 'A valid access token is needed.' });
  return principal;
});
