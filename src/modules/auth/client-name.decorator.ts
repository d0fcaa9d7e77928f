import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

const MAX_LENGTH = 200;
const CONTROL_CHARACTERS = /[\p{C}]/gu;

/** What a program says of itself (`User-Agent`), as people may read it. `undefined`: nothing. */
export const ClientName = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined => {
    const text = context.switchToHttp().getRequest<Request>().headers['user-agent'] ?? '';
    return text.slice(0, MAX_LENGTH).replace(CONTROL_CHARACTERS, '').trim() || undefined;
  },
);
