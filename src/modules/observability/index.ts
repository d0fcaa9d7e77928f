export { AgentMetrics } from './agent-metrics.js';
export { Draining } from './draining.js';
export { OpenStreams } from './http-metrics.js';
export { ObservabilityModule } from './observability.module.js';
