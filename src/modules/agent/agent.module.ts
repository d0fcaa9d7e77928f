import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/index.js';
import { ConversationModule } from '../conversation/index.js';
import { AuditModule } from '../observability/index.js';
import { ProvidersModule } from '../providers/index.js';
import { RateLimitModule } from '../rate-limit/index.js';
import { ToolsModule } from '../tools/index.js';
import { ActiveRuns } from './active-runs.js';
import { AgentDefinitions } from './agent-definitions.js';
import { AgentTools } from './agent-tools.js';
import { ApprovalService } from './approvals/approval.service.js';
import { ToolApprovalEntity } from './approvals/tool-approval.entity.js';
import { ToolApprovalRepository } from './approvals/tool-approval.repository.js';
import { CancelOnClear } from './cancel-on-clear.js';
import { ChatController } from './chat.controller.js';
import { ContextBuilder } from './context/context-builder.js';
import { LIVE_EVENTS_PROVIDER } from './events/live-events.provider.js';
import { RunEventEntity } from './events/run-event.entity.js';
import { RunEventFeed } from './events/run-event-feed.js';
import { RunEventRepository } from './events/run-event.repository.js';
import { OutputGuard } from './guardrails/output-guard.js';
import { OUTPUT_METRIC_PROVIDERS, OutputMetrics } from './guardrails/output-metrics.js';
import { IdempotencyGuard } from './idempotency/idempotency.guard.js';
import { IdempotencyKeyEntity } from './idempotency/idempotency-key.entity.js';
import { IdempotencyKeyRepository } from './idempotency/idempotency-key.repository.js';
import { ModelsController } from './models.controller.js';
import { RunQueueRepository } from './ownership/run-queue.repository.js';
import { RunSupervisor } from './ownership/run-supervisor.js';
import { WorkerEntity } from './ownership/worker.entity.js';
import { WorkerLease } from './ownership/worker-lease.js';
import { WorkerLeaseRepository } from './ownership/worker-lease.repository.js';
import { RunAdmissionRepository } from './run-admission.repository.js';
import { RunDemand } from './run-demand.js';
import { RunDriver } from './run-driver.js';
import { RunEntity } from './run.entity.js';
import { RunJournalRepository } from './run-journal.repository.js';
import { RunLauncher } from './run-launcher.js';
import { RunPreparer } from './run-preparer.js';
import { RunReporter } from './run-reporter.js';
import { RunRepository } from './run.repository.js';
import { RunResumption } from './run-resumption.js';
import { RunResumptionRepository } from './run-resumption.repository.js';
import { RunService } from './run.service.js';
import { RunShutdown } from './run-shutdown.js';
import { RunTools } from './run-tools.js';
import { RunsController } from './runs.controller.js';
import { AlertDelivery } from './spending/alert-delivery.js';
import { AlertEntity } from './spending/alert.entity.js';
import { ALERT_METRIC_PROVIDERS, AlertMetrics } from './spending/alert-metrics.js';
import { AlertRepository } from './spending/alert.repository.js';
import { AlertWebhook } from './spending/alert-webhook.js';
import { SpendingAdministrationController } from './spending/spending-administration.controller.js';
import { SpendingAlerts } from './spending/spending-alerts.js';
import { SpendingReportRepository } from './spending/spending-report.repository.js';
import { SpendingService } from './spending/spending.service.js';
import { UsageRecordsController } from './spending/usage-records.controller.js';
import { StepEntity } from './step.entity.js';
import { RunStreams } from './surfaces/run-streams.js';
import { ToolsController } from './tools.controller.js';
import { UsageRecordEntity } from './usage-record.entity.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([
      RunEntity,
      StepEntity,
      WorkerEntity,
      UsageRecordEntity,
      RunEventEntity,
      IdempotencyKeyEntity,
      AlertEntity,
      ToolApprovalEntity,
    ]),
    AuditModule,
    AuthModule,
    ConversationModule,
    ProvidersModule,
    RateLimitModule,
    ToolsModule,
  ],
  controllers: [
    ChatController,
    RunsController,
    ToolsController,
    ModelsController,
    UsageRecordsController,
    SpendingAdministrationController,
  ],
  providers: [
    ...ALERT_METRIC_PROVIDERS,
    ...OUTPUT_METRIC_PROVIDERS,
    ActiveRuns,
    AgentDefinitions,
    AgentTools,
    AlertDelivery,
    AlertMetrics,
    AlertRepository,
    AlertWebhook,
    ApprovalService,
    CancelOnClear,
    ContextBuilder,
    IdempotencyGuard,
    IdempotencyKeyRepository,
    LIVE_EVENTS_PROVIDER,
    OutputGuard,
    OutputMetrics,
    RunAdmissionRepository,
    RunDemand,
    RunDriver,
    RunEventFeed,
    RunEventRepository,
    RunJournalRepository,
    RunLauncher,
    RunPreparer,
    RunQueueRepository,
    RunReporter,
    RunRepository,
    RunResumption,
    RunResumptionRepository,
    RunService,
    RunShutdown,
    RunStreams,
    RunSupervisor,
    RunTools,
    SpendingAlerts,
    SpendingReportRepository,
    SpendingService,
    ToolApprovalRepository,
    WorkerLease,
    WorkerLeaseRepository,
  ],
  exports: [IdempotencyGuard],
})
export class AgentModule {}
