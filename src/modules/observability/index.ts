export { AgentMetrics } from './agent-metrics.js';
export { Draining } from './draining.js';
export { HttpMetrics, OpenStreams } from './http-metrics.js';
export { createLogger, NestLogger } from './logger-options.js';
export { ObservabilityModule } from './observability.module.js';
