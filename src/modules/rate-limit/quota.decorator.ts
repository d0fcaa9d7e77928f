import { SetMetadata } from '@nestjs/common';

export const SPENDS_QUOTA = 'perch:spends-quota';

/** Marks routes that call models: the quota guard reserves for them, and the accounting interceptor settles. */
export const SpendsQuota = (): MethodDecorator & ClassDecorator => SetMetadata(SPENDS_QUOTA, true);
