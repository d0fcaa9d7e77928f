import { createParamDecorator } from '@nestjs/common';
import { requestContext } from '../../shared/context/request-context.js';
import { sessionNeeded } from './auth.errors.js';
import type { Session } from './session.js';

/** The session of the access token. A caller who is known by something else is refused with `forbidden`. */
export const CurrentSession = createParamDecorator((): Session => {
  const credential = requestContext.current()?.credential;
  if (credential?.kind !== 'session') throw sessionNeeded();
  return { sessionId: credential.id, userId: credential.userId };
});
