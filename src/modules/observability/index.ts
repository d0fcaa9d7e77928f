export { AgentMetrics } from './agent-metrics.js';
export { AuditChain, type ChainVerdict } from './audit/audit-chain.service.js';
export {
  type Actor,
  ACTOR_KINDS,
  type ActorKind,
  actorOf,
  AUDIT_OUTCOMES,
  type AuditEntry,
  type AuditOutcome,
  type AuditRecord,
} from './audit/audit-entry.js';
export { AuditSealer } from './audit/audit-sealer.js';
export { type AuditFilter, AuditTrail } from './audit/audit-trail.repository.js';
export { AuditModule } from './audit/audit.module.js';
export { Draining } from './draining.js';
export { HttpMetrics, OpenStreams } from './http-metrics.js';
export { createLogger, NestLogger } from './logger-options.js';
export { ObservabilityModule } from './observability.module.js';
