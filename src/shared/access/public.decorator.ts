import { SetMetadata } from '@nestjs/common';

export const IS_PUBLIC = 'perch:public';

/** The exception: a route that anyone may call without a token. Everything else is private. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(IS_PUBLIC, true);
