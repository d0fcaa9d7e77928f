export { AgentMetrics } from './agent-metrics.js';
export type { Actor, AuditEntry, AuditRecord } from './audit/audit-entry.js';
export { type AuditFilter, AuditTrail } from './audit/audit-trail.repository.js';
export { AuditModule } from './audit/audit.module.js';
export { Draining } from './draining.js';
export { HttpMetrics, OpenStreams } from './http-metrics.js';
export { createLogger, NestLogger } from './logger-options.js';
export { ObservabilityModule } from './observability.module.js';
