import { Global, Module } from '@nestjs/common';
import { ErasureParticipants } from '../erasure/erasure-participants.js';
import { CLOCK, systemClock } from './clock.js';
import { IDS, uuidV7Ids } from './ids.js';

/** Time, ids and the way to erase a user for whoever injects them; tests override the two tokens. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: IDS, useValue: uuidV7Ids },
    ErasureParticipants,
  ],
  exports: [CLOCK, IDS, ErasureParticipants],
})
export class ContextModule {}
