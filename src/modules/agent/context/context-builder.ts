import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AgentConfig, GuardrailConfig } from '../../../config/app-config.js';
import type { ContextReport } from './context-report.js';
import { type Message, textOf, type UserMessage } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import {
  ConversationService,
  MessageRecall,
  type RecalledTurn,
  type RecallQuery,
  UserMemory,
} from '../../conversation/index.js';
import { countTextTokens, type ModelInfo } from '../../providers/index.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../../shared/context/derived-keys.js';
import { UntrustedPresenter } from '../taint/present-untrusted.js';
import { assembleContext, planHistory } from './assemble-context.js';
import { DEFAULT_CONTEXT_WINDOW, messageBudget, sumTokens } from './count-messages.js';
import { factsForModel } from './facts-for-model.js';
import { RunWindow } from './run-window.js';

export interface ContextRequest {
  readonly userId: string;
  /** The user wants models to know what is remembered. */
  readonly hasMemory: boolean;
  readonly sessionId: string;
  /** The place of the current message; what lies before it is history. */
  readonly messageSeq: number;
  readonly current: UserMessage;
  readonly model: ModelInfo;
  readonly system: string;
  readonly tools: readonly ToolDefinition[];
  readonly maxOutputTokens: number;
}

/** What a run's model sees of the past. */
export interface RunContext {
  /** A valid history that ends with the current message. */
  readonly messages: readonly Message[];
  /** Keeps the run within the window from here on. */
  readonly window: RunWindow;
  /** As it is now: what the window had to give up is in it. */
  readonly report: () => ContextReport;
  /** The conversation's marks. */
  readonly hasUntrusted: boolean;
  readonly hasPrivate: boolean;
}

/** Messages read per run: a bound, so that the cost of a run does not grow with its conversation. */
const MAX_HISTORY_MESSAGES = 200;
/** Older turns that may be quoted. */
const MAX_RECALLED_TURNS = 8;
/** Longer messages are no better questions. */
const MAX_RECALL_TEXT = 2_000;
/** How long is waited for what the message means; after that its words have to do. */
const MEANING_TIMEOUT_MS = 1_500;

/** Decides what of the past the model sees. */
@Injectable()
export class ContextBuilder implements OnApplicationBootstrap {
  private readonly presenter: UntrustedPresenter;

  constructor(
    private readonly conversations: ConversationService,
    private readonly recall: MessageRecall,
    private readonly memory: UserMemory,
    private readonly config: AgentConfig,
    private readonly logger: PinoLogger,
    guardrail: GuardrailConfig,
    @Inject(DERIVED_KEYS) keys: DerivedKeys,
  ) {
    this.presenter = new UntrustedPresenter(
      keys.keyFor('untrusted results'),
      guardrail.toolAction === 'quarantine',
    );
  }

  /** The table of words behind the estimates takes a moment to read: not that of the first user. */
  onApplicationBootstrap(): void {
    countTextTokens('ready');
  }

  /** At most three queries. Throws `validation_failed` when the current message does not fit into the model's window. */
  async build(request: ContextRequest): Promise<RunContext> {
    const { current, messageSeq, model, userId, sessionId } = request;
    const hasPast = this.config.isConversationMemoryEnabled && messageSeq > 1;
    const past = hasPast
      ? await this.conversations.context(userId, sessionId, {
          limit: MAX_HISTORY_MESSAGES,
          beforeSeq: messageSeq,
        })
      : NO_PAST;
    const memories = request.hasMemory ? factsForModel(await this.memory.all(userId), model) : [];
    const budgetTokens = messageBudget(request);
    const plan = planHistory({
      current,
      messageSeq,
      recent: past.recent,
      isCut: past.recent.length >= MAX_HISTORY_MESSAGES,
      summary: past.summary,
      pinned: past.pinned,
      memories,
      model,
      budgetTokens,
    });
    const recalled =
      plan.isComplete || !hasPast
        ? []
        : await this.recalled({
            userId,
            sessionId,
            text: textOf(current).slice(0, MAX_RECALL_TEXT),
            beforeSeq: plan.fromSeq,
            limit: MAX_RECALLED_TURNS,
          });
    const { messages, report } = assembleContext(plan, recalled);
    const window = new RunWindow({
      ...request,
      contextLength: messages.length,
      headLength: plan.head.messages.length,
      present: (message) => this.presenter.present(message),
    });
    const windowTokens = model.contextWindow ?? DEFAULT_CONTEXT_WINDOW;
    const estimatedTokens =
      windowTokens - request.maxOutputTokens - budgetTokens + sumTokens(messages, model);
    return {
      messages,
      window,
      hasUntrusted: past.hasUntrusted || memories.some((fact) => fact.is_unverified),
      hasPrivate: past.hasPrivate,
      report: () => ({
        ...report,
        ...(window.isHeadLeftOut ? WITHOUT_HEAD : {}),
        estimatedTokens,
        shortenedResults: report.shortenedResults + window.shortenedResults,
        leftOutMessages: report.leftOutMessages + window.leftOutMessages,
      }),
    };
  }

  /** What is quoted is an addition: a run goes on without it. */
  private async recalled(query: RecallQuery): Promise<readonly RecalledTurn[]> {
    try {
      return await this.recall.find(query, AbortSignal.timeout(MEANING_TIMEOUT_MS));
    } catch (error) {
      this.logger.warn({ event: 'agent.context.not_recalled', session_id: query.sessionId, err: error });
      return [];
    }
  }
}

const WITHOUT_HEAD = { pinnedMessages: 0, summaryVersion: null, memories: 0 } as const;

const NO_PAST = {
  summary: undefined,
  pinned: [],
  recent: [],
  hasUntrusted: false,
  hasPrivate: false,
} as const;
