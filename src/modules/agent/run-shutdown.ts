import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { ProcessConfig } from '../../config/app-config.js';
import { ActiveRuns } from './active-runs.js';
import { RunSupervisor } from './ownership/run-supervisor.js';
import { AlertDelivery } from './spending/alert-delivery.js';
import { SpendingAlerts } from './spending/spending-alerts.js';
import { ConversationUpkeep } from './upkeep/conversation-upkeep.js';

/**
 * At shutdown: no new runs; those that are open may go on for the grace period, with their readers; what is left then is
 * handed over. Meanwhile the listener stays open: it says that this process is not ready, and answers what is asked.
 */
@Injectable()
export class RunShutdown implements BeforeApplicationShutdown {
  constructor(
    private readonly active: ActiveRuns,
    private readonly supervisor: RunSupervisor,
    private readonly upkeep: ConversationUpkeep,
    private readonly alerts: SpendingAlerts,
    private readonly alertDelivery: AlertDelivery,
    private readonly config: ProcessConfig,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.active.drain(this.config.shutdownGraceMs);
    await this.supervisor.stop();
    await this.upkeep.stop();
    await this.alerts.stop();
    await this.alertDelivery.stop();
  }
}
