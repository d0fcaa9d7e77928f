import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConversationService } from '../conversation/index.js';
import { ActiveRuns } from './active-runs.js';
import { RunAborted } from './loop/run-loop.js';

/** A conversation that is erased takes its run along: nobody is left to answer. */
@Injectable()
export class CancelOnClear implements OnModuleInit {
  constructor(
    private readonly conversations: ConversationService,
    private readonly active: ActiveRuns,
  ) {}

  onModuleInit(): void {
    this.conversations.onCleared((id) => {
      this.active.inSession(id)?.abort(new RunAborted('cancelled', 'the conversation was erased'));
    });
  }
}
