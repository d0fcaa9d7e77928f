import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/index.js';
import { ConversationModule } from '../conversation/index.js';
import { AuditModule } from '../observability/index.js';
import { ProvidersModule } from '../providers/index.js';
import { RateLimitModule } from '../rate-limit/index.js';
import { ToolsModule } from '../tools/index.js';
import { AccountDataAdministrationController } from './account-data/account-data-administration.controller.js';
import { AccountDataController } from './account-data/account-data.controller.js';
import { AccountErasure } from './account-data/account-erasure.js';
import { AccountErasureRepository } from './account-data/account-erasure.repository.js';
import { AccountExport } from './account-data/account-export.js';
import { AccountExportRepository } from './account-data/account-export.repository.js';
import { ErasedEvents } from './account-data/erased-events.js';
import { ErasureSweeper } from './account-data/erasure-sweeper.js';
import { ActiveRuns } from './active-runs.js';
import { AgentDefinitions } from './agent-definitions.js';
import { AgentTools } from './agent-tools.js';
import { ANSWER_CACHE_METRIC_PROVIDERS, AnswerCacheMetrics } from './answer-cache/answer-cache-metrics.js';
import { ANSWER_CACHE_PROVIDER } from './answer-cache/answer-cache.provider.js';
import { CachedAnswers } from './answer-cache/cached-answers.js';
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
import { GUARDRAIL_PROVIDERS } from './guardrails/guardrail.providers.js';
import { GuardrailsController } from './guardrails/guardrails.controller.js';
import { OutputGuard } from './guardrails/output-guard.js';
import { OUTPUT_METRIC_PROVIDERS, OutputMetrics } from './guardrails/output-metrics.js';
import { IdempotencyGuard } from './idempotency/idempotency.guard.js';
import { IdempotencyKeyEntity } from './idempotency/idempotency-key.entity.js';
import { IdempotencyKeyRepository } from './idempotency/idempotency-key.repository.js';
import { MemoryTools } from './memory/memory-tools.js';
import { UntrustedTextRepository } from './memory/untrusted-text.repository.js';
import { ModelsController } from './models.controller.js';
import { ActivePrompts } from './prompts/active-prompts.js';
import { AgentPrompts } from './prompts/agent-prompts.js';
import { PromptEntity } from './prompts/prompt.entity.js';
import { PromptRepository } from './prompts/prompt.repository.js';
import { PromptVersionEntity } from './prompts/prompt-version.entity.js';
import { PromptsController } from './prompts/prompts.controller.js';
import { PromptsService } from './prompts/prompts.service.js';
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
import { RunLimits } from './run-limits.js';
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
import { SideCallEntity } from './side-calls/side-call.entity.js';
import { SIDE_CALL_METRIC_PROVIDERS, SideCallMetrics } from './side-calls/side-call-metrics.js';
import { SideCallRepository } from './side-calls/side-call.repository.js';
import { SideCalls } from './side-calls/side-calls.js';
import { SpendingAdministrationController } from './spending/spending-administration.controller.js';
import { SpendingAlerts } from './spending/spending-alerts.js';
import { SpendingReportRepository } from './spending/spending-report.repository.js';
import { SpendingService } from './spending/spending.service.js';
import { UsageRecordsController } from './spending/usage-records.controller.js';
import { StepEntity } from './step.entity.js';
import { RunStreams } from './surfaces/run-streams.js';
import { ToolsController } from './tools.controller.js';
import { ConversationSummarizer } from './upkeep/conversation-summarizer.js';
import { ConversationTitler } from './upkeep/conversation-titler.js';
import { ConversationUpkeep } from './upkeep/conversation-upkeep.js';
import { MessageIndexer } from './upkeep/message-indexer.js';
import { QueryMeaning } from './upkeep/query-meaning.js';
import { SummaryModel } from './upkeep/summary-model.js';
import { UPKEEP_METRIC_PROVIDERS, UpkeepMetrics } from './upkeep/upkeep-metrics.js';
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
      PromptEntity,
      PromptVersionEntity,
      SideCallEntity,
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
    PromptsController,
    GuardrailsController,
    UsageRecordsController,
    SpendingAdministrationController,
    AccountDataController,
    AccountDataAdministrationController,
  ],
  providers: [
    ...ALERT_METRIC_PROVIDERS,
    ...ANSWER_CACHE_METRIC_PROVIDERS,
    ANSWER_CACHE_PROVIDER,
    ActivePrompts,
    ...GUARDRAIL_PROVIDERS,
    ...SIDE_CALL_METRIC_PROVIDERS,
    ...UPKEEP_METRIC_PROVIDERS,
    AccountErasure,
    AccountErasureRepository,
    AccountExport,
    AccountExportRepository,
    ...OUTPUT_METRIC_PROVIDERS,
    ActiveRuns,
    AgentDefinitions,
    AgentPrompts,
    AgentTools,
    AnswerCacheMetrics,
    AlertDelivery,
    AlertMetrics,
    AlertRepository,
    AlertWebhook,
    ApprovalService,
    CachedAnswers,
    CancelOnClear,
    ContextBuilder,
    ConversationSummarizer,
    ConversationTitler,
    ConversationUpkeep,
    IdempotencyGuard,
    IdempotencyKeyRepository,
    LIVE_EVENTS_PROVIDER,
    PromptRepository,
    PromptsService,
    MessageIndexer,
    QueryMeaning,
    ErasedEvents,
    ErasureSweeper,
    IdempotencyGuard,
    IdempotencyKeyRepository,
    LIVE_EVENTS_PROVIDER,
    MemoryTools,
    OutputGuard,
    OutputMetrics,
    RunAdmissionRepository,
    RunDemand,
    RunDriver,
    RunEventFeed,
    RunEventRepository,
    RunJournalRepository,
    RunLauncher,
    RunLimits,
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
    SideCallMetrics,
    SideCallRepository,
    SideCalls,
    SpendingAlerts,
    SpendingReportRepository,
    SpendingService,
    SummaryModel,
    ToolApprovalRepository,
    UpkeepMetrics,
    UntrustedTextRepository,
    WorkerLease,
    WorkerLeaseRepository,
  ],
  exports: [IdempotencyGuard],
})
export class AgentModule {}
