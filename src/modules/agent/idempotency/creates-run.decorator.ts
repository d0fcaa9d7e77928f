import { SetMetadata } from '@nestjs/common';

export const CREATES_RUN = 'perch:creates-run';

/** Marks a route that makes a run: an `Idempotency-Key` is honoured there. */
export const CreatesRun = () => SetMetadata(CREATES_RUN, true);
