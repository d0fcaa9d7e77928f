import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { PinoLogger } from 'nestjs-pino';
import {
  AuthConfig,
  DatabaseConfig,
  HttpConfig,
  OutputConfig,
  ProvidersConfig,
  RateLimitConfig,
  ToolsConfig,
} from '../../../config/app-config.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../../shared/context/derived-keys.js';
import type { Message } from '../../../shared/llm/message.js';
import { actorOf, AuditTrail } from '../../observability/index.js';
import type { Exposure } from '../../tools/index.js';
import { isQuote } from '../context/quote.js';
import type { OwnedRun } from '../run.js';
import { configuredSecrets } from './configured-secrets.js';
import { canaryAutomaton, canaryOf, canarySentence } from './output/leaks/canary.js';
import { PromptIndex } from './output/leaks/prompt-index.js';
import { allowsHosts, hostsNamedIn } from './output/links/link-policy.js';
import { KnownSecrets } from './output/secrets/known-secrets.js';
import { OutputMetrics } from './output-metrics.js';
import { RunOutput } from './run-output.js';

/** What a run is about to show its model. */
export interface GuardedRun {
  /** The system prompt as `withCanary` made it. */
  readonly system: string;
  readonly messages: readonly Message[];
  readonly exposure: Pick<Exposure, 'hasUntrusted'>;
}

const MAX_PROMPTS = 100;

/** Filters what models say: links, secrets, and the system prompt itself (docs/guides/output-filter.md). */
@Injectable()
export class OutputGuard {
  private readonly key: Buffer;
  private readonly secrets: KnownSecrets | undefined;
  private readonly prompts = new LRUCache<string, PromptIndex>({ max: MAX_PROMPTS });

  constructor(
    @Inject(DERIVED_KEYS) keys: DerivedKeys,
    private readonly config: OutputConfig,
    private readonly metrics: OutputMetrics,
    private readonly trail: AuditTrail,
    private readonly logger: PinoLogger,
    auth: AuthConfig,
    database: DatabaseConfig,
    http: HttpConfig,
    providers: ProvidersConfig,
    rateLimit: RateLimitConfig,
    toolsConfig: ToolsConfig,
  ) {
    this.key = keys.keyFor('output-canary');
    this.secrets = config.areSecretsRedacted
      ? new KnownSecrets(configuredSecrets(auth, database, http, providers, rateLimit, toolsConfig))
      : undefined;
  }

  /** The system prompt with the conversation's canary at its end. */
  withCanary(system: string, sessionId: string): string {
    return system + this.endOfPrompt(sessionId);
  }

  open(run: OwnedRun, { system, messages, exposure }: GuardedRun): RunOutput {
    const { links, allowedHosts, areLeaksCut } = this.config;
    const userText = memoised(() => userTextOf(messages));
    const named = memoised(() => new Set(hostsNamedIn(userText())));
    const reports: Promise<void>[] = [];
    return new RunOutput({
      canary: areLeaksCut ? canaryAutomaton(canaryOf(this.key, run.sessionId)) : undefined,
      prompt: areLeaksCut ? { index: this.indexOf(system, run.sessionId), userText } : undefined,
      secrets: this.secrets,
      links,
      isAllowed: allowsHosts(allowedHosts, named),
      hasReadUntrusted: () => exposure.hasUntrusted,
      onFound: (what) => {
        this.metrics.found(what);
        if (what === 'canary' || what === 'system_prompt')
          reports.push(this.report(run, 'output.cut', { what }));
      },
      onCanaryInCall: ({ toolName }) => {
        this.metrics.found('canary');
        reports.push(this.report(run, 'output.canary_in_arguments', { tool_name: toolName.slice(0, 64) }));
      },
      recorded: () => Promise.all(reports),
    });
  }

  private indexOf(system: string, sessionId: string): PromptIndex {
    const instructions = system.slice(0, -this.endOfPrompt(sessionId).length);
    let index = this.prompts.get(instructions);
    if (!index) this.prompts.set(instructions, (index = new PromptIndex(instructions)));
    return index;
  }

  private endOfPrompt(sessionId: string): string {
    return this.config.areLeaksCut ? `\n\n${canarySentence(canaryOf(this.key, sessionId))}` : '';
  }

  /** Never rejects: what must not be said is held back already, whether or not the trail can be written. */
  private async report(run: OwnedRun, action: string, details: object): Promise<void> {
    const { id, sessionId, requestId, principal } = run;
    this.logger.warn({ event: `agent.${action}`, run_id: id, session_id: sessionId, ...details });
    const actor = actorOf(principal);
    try {
      await this.trail.record({ ...actor, action, targetType: 'run', targetId: id, details, requestId });
    } catch (error) {
      this.logger.error({ event: 'agent.output.not_recorded', run_id: id, err: error });
    }
  }
}

/** What the user has written, without what was quoted to the model along with it. */
function userTextOf(messages: readonly Message[]): string {
  return messages
    .flatMap((message) => (message.role === 'user' ? message.parts : []))
    .flatMap((part) => (part.type === 'text' && !isQuote(part) ? [part.text] : []))
    .join('\n');
}

function memoised<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
