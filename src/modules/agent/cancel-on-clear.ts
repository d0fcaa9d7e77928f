import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CHANNEL, ControlConnection } from '../../database/control-connection.js';
import { ConversationService } from '../conversation/index.js';
import { ActiveRuns } from './active-runs.js';
import { RunAborted } from './loop/run-loop.js';

/** A conversation that is erased takes its run along, wherever it is driven: nobody is left to answer. */
@Injectable()
export class CancelOnClear implements OnModuleInit {
  constructor(
    private readonly conversations: ConversationService,
    private readonly active: ActiveRuns,
    private readonly control: ControlConnection,
    private readonly logger: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.conversations.onCleared((id) => {
      const local = this.active.inSession(id);
      if (local) local.abort(new RunAborted('cancelled', 'the conversation was erased'));
      else void this.tellOthers(id);
    });
  }

  /** Who does not hear it finds out at its next write, which is refused. */
  private async tellOthers(id: string): Promise<void> {
    try {
      await this.control.query('SELECT pg_notify($1, $2)', [CHANNEL, `erased ${id}`]);
    } catch (error) {
      this.logger.warn({ event: 'agent.erasure_not_told', session_id: id, err: error });
    }
  }
}
