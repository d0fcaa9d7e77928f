import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type ErasedUser,
  type ErasureParticipant,
  ErasureParticipants,
} from '../../../shared/erasure/erasure-participants.js';
import { ActiveRuns } from '../active-runs.js';
import { LIVE_EVENTS, type LiveEvents } from '../events/live-events.js';
import { RunAborted } from '../loop/run-loop.js';

/** The events of runs, where they are read while a run goes on. */
@Injectable()
export class ErasedEvents implements ErasureParticipant, OnModuleInit {
  readonly name = 'live_events';

  constructor(
    @Inject(LIVE_EVENTS) private readonly live: LiveEvents,
    private readonly active: ActiveRuns,
    private readonly participants: ErasureParticipants,
  ) {}

  onModuleInit(): void {
    this.participants.register(this);
  }

  async erase({ runIds }: ErasedUser): Promise<void> {
    for (const runId of runIds) {
      this.active.get(runId)?.abort(new RunAborted('cancelled', 'the account was erased'));
    }
    await this.live.erase(runIds);
  }
}
