import { SetMetadata } from '@nestjs/common';

export const SHOWS_QUOTA = 'perch:shows-quota';

/** Marks routes whose answers say in their headers where the caller stands, although they spend nothing. */
export const ShowsQuota = (): MethodDecorator & ClassDecorator => SetMetadata(SHOWS_QUOTA, true);
