import { Global, Module } from '@nestjs/common';
import { CLOCK, systemClock } from './clock.js';
import { IDS, uuidV7Ids } from './ids.js';

/** Time and ids for whoever injects them; tests override the two tokens. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: IDS, useValue: uuidV7Ids },
  ],
  exports: [CLOCK, IDS],
})
export class ContextModule {}
