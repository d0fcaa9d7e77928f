import type { PinoLogger } from 'nestjs-pino';
import type { ToolsConfig } from '../../../src/config/app-config.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { ToolRules } from '../../../src/config/tool-rules.schema.js';
import type { AgentMetrics, AuditRecord, AuditTrail } from '../../../src/modules/observability/index.js';
import type { ThrottleStorage } from '../../../src/modules/rate-limit/index.js';
import { HitWindow } from '../../../src/modules/rate-limit/throttle/hit-window.js';
import { ExecutionSlots } from '../../../src/modules/tools/execution-slots.js';
import type { Tool } from '../../../src/modules/tools/tool.js';
import { ToolBreakers } from '../../../src/modules/tools/tool-breakers.js';
import { ToolExecutor } from '../../../src/modules/tools/tool-executor.js';
import { ToolGate } from '../../../src/modules/tools/tool-gate.js';
import type { ToolMetrics } from '../../../src/modules/tools/tool-metrics.js';
import { TaintPolicy } from '../../../src/modules/tools/taint-policy.js';
import { ToolPolicy } from '../../../src/modules/tools/tool-policy.js';
import { ToolRegistry } from '../../../src/modules/tools/tool-registry.js';
import type { Clock } from '../../../src/shared/context/clock.js';
import { KeptLog } from '../a-logger.js';

export interface ToolExecutorParts {
  readonly rules?: ToolRules;
  readonly processConcurrency?: number;
  readonly logger?: PinoLogger;
  readonly metrics?: AgentMetrics;
  readonly clock?: Clock;
  /** Stands for the trail; what it throws is the database being away. */
  readonly record?: (entry: AuditRecord) => Promise<void>;
}

/** The executor with its gate and policy, without a database: what went into the trail is in `trail`. */
export function aToolExecutor(
  tools: readonly Tool[] | (() => readonly Tool[]),
  parts: ToolExecutorParts = {},
) {
  const {
    rules = {},
    processConcurrency = 8,
    logger = new KeptLog().logger,
    metrics = { recordTool: () => undefined } as unknown as AgentMetrics,
    clock = { now: () => new Date(0), monotonicMs: () => performance.now() },
  } = parts;
  const trail: AuditRecord[] = [];
  const record = parts.record ?? (async (entry: AuditRecord) => void trail.push(entry));
  const config: ToolsConfig = {
    ...loadConfig({}).tools,
    rules,
    processConcurrency,
    breakerOpenMs: 1_000,
    approvalTtlMs: 60_000,
  };
  const windows = new Map<string, HitWindow>();
  const storage = {
    increment: async (key: string, ttl: number, limit: number) => {
      if (!windows.has(key)) windows.set(key, new HitWindow(ttl));
      const { isAdmitted, waitMs } = windows.get(key)!.hit(clock.monotonicMs(), limit);
      return { isBlocked: !isAdmitted, timeToBlockExpire: waitMs / 1000 };
    },
  } as unknown as ThrottleStorage;
  const decisions: string[] = [];
  const toolMetrics = {
    decided: (toolName: string, decision: string) => decisions.push(`${toolName} ${decision}`),
    breaker: () => undefined,
  } as unknown as ToolMetrics;
  const registry = new ToolRegistry([{ tools: typeof tools === 'function' ? tools : () => tools }]);
  const policy = new ToolPolicy(config);
  const audit = { record } as unknown as AuditTrail;
  const gate = new ToolGate(registry, policy, new TaintPolicy(config), storage, audit, toolMetrics, logger);
  const executor = new ToolExecutor(
    registry,
    gate,
    policy,
    new ExecutionSlots(config),
    new ToolBreakers(config, toolMetrics, logger, clock),
    metrics,
    logger,
    clock,
  );
  return { executor, gate, policy, registry, trail, decisions };
}
