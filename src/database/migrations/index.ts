import type { MigrationInterface } from 'typeorm';
import { Accounts1764000000000 } from './1764000000000-accounts.js';
import { ConversationsAndRuns1764000001000 } from './1764000001000-conversations-and-runs.js';
import { DurableRuns1764100000000 } from './1764100000000-durable-runs.js';
import { LimitsAndSpending1764200000000 } from './1764200000000-limits-and-spending.js';
import { Audit1764200001000 } from './1764200001000-audit.js';
import { Alerts1764200002000 } from './1764200002000-alerts.js';
import { ToolPolicy1764400000000 } from './1764400000000-tool-policy.js';
import { InstallationSecrets1764500000000 } from './1764500000000-installation-secrets.js';
import { McpTools1764510000000 } from './1764510000000-mcp-tools.js';
import { ContextOfRuns1764600000000 } from './1764600000000-context-of-runs.js';
import { Taint1764600001000 } from './1764600001000-taint.js';
import { Identity1764600200000 } from './1764600200000-identity.js';
import { Prompts1764600300000 } from './1764600300000-prompts.js';
import { AnswerCache1764600300001 } from './1764600300001-answer-cache.js';
import { Recall1764600400000 } from './1764600400000-recall.js';
import { Summaries1764600401000 } from './1764600401000-summaries.js';
import { MemoryAndErasure1764600500000 } from './1764600500000-memory-and-erasure.js';
import { AuditChain1764600600000 } from './1764600600000-audit-chain.js';

/** All migrations in order. A new one is a new line here. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [
  Accounts1764000000000,
  ConversationsAndRuns1764000001000,
  DurableRuns1764100000000,
  LimitsAndSpending1764200000000,
  Audit1764200001000,
  Alerts1764200002000,
  ToolPolicy1764400000000,
  InstallationSecrets1764500000000,
  McpTools1764510000000,
  ContextOfRuns1764600000000,
  Taint1764600001000,
  Identity1764600200000,
  Prompts1764600300000,
  AnswerCache1764600300001,
  Recall1764600400000,
  Summaries1764600401000,
  MemoryAndErasure1764600500000,
  AuditChain1764600600000,
];
