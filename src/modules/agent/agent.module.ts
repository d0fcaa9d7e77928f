import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConversationModule } from '../conversation/index.js';
import { ProvidersModule } from '../providers/index.js';
import { RateLimitModule } from '../rate-limit/index.js';
import { ToolsModule } from '../tools/index.js';
import { ActiveRuns } from './active-runs.js';
import { AgentDefinitions } from './agent-definitions.js';
import { AgentTools } from './agent-tools.js';
import { CancelOnClear } from './cancel-on-clear.js';
import { ChatController } from './chat.controller.js';
import { ContextBuilder } from './context/context-builder.js';
import { ModelsController } from './models.controller.js';
import { RunAdmissionRepository } from './run-admission.repository.js';
import { RunDriver } from './run-driver.js';
import { RunEntity } from './run.entity.js';
import { RunJournalRepository } from './run-journal.repository.js';
import { RunReporter } from './run-reporter.js';
import { RunRepository } from './run.repository.js';
import { RunService } from './run.service.js';
import { RunShutdown } from './run-shutdown.js';
import { RunsController } from './runs.controller.js';
import { StepEntity } from './step.entity.js';
import { ToolsController } from './tools.controller.js';
import { UsageRecordEntity } from './usage-record.entity.js';
import { WorkerEntity } from './worker.entity.js';
import { WorkerLease } from './worker-lease.js';
import { WorkerLeaseRepository } from './worker-lease.repository.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([RunEntity, StepEntity, WorkerEntity, UsageRecordEntity]),
    ConversationModule,
    ProvidersModule,
    RateLimitModule,
    ToolsModule,
  ],
  controllers: [ChatController, RunsController, ToolsController, ModelsController],
  providers: [
    ActiveRuns,
    AgentDefinitions,
    AgentTools,
    CancelOnClear,
    ContextBuilder,
    RunAdmissionRepository,
    RunDriver,
    RunJournalRepository,
    RunReporter,
    RunRepository,
    RunService,
    RunShutdown,
    WorkerLease,
    WorkerLeaseRepository,
  ],
})
export class AgentModule {}
