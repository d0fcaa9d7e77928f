export { AgentModule } from './agent.module.js';
export { IdempotencyGuard } from './idempotency/idempotency.guard.js';
