import { Injectable } from '@nestjs/common';
import { AgentConfig } from '../../../config/app-config.js';
import type { Message } from '../../../shared/llm/message.js';
import type { ToolDefinition } from '../../../shared/llm/tool-call.js';
import { ConversationService } from '../../conversation/index.js';
import type { ModelInfo } from '../../providers/index.js';
import {
  DEFAULT_CONTEXT_WINDOW,
  estimateMessageTokens,
  estimateTextTokens,
  fitToWindow,
} from './history-window.js';
import { toValidHistory } from './valid-history.js';

export interface ContextRequest {
  readonly userId: string;
  readonly sessionId: string;
  /** The place of the current message; what lies before it is history. */
  readonly messageSeq: number;
  readonly current: Message;
  readonly model: ModelInfo;
  readonly system: string;
  readonly tools: readonly ToolDefinition[];
  readonly maxOutputTokens: number;
}

/** Messages read per run: a bound, so that the cost of a run does not grow with its conversation. */
const MAX_HISTORY_MESSAGES = 200;

/** Decides what of the past the model sees. */
@Injectable()
export class ContextBuilder {
  constructor(
    private readonly conversations: ConversationService,
    private readonly config: AgentConfig,
  ) {}

  /** A valid history within the model's window that ends with the current message. */
  async build(request: ContextRequest): Promise<Message[]> {
    const { current, messageSeq } = request;
    if (!this.config.isConversationMemoryEnabled || messageSeq <= 1) return [current];
    const stored = await this.conversations.recentMessages(request.userId, request.sessionId, {
      limit: MAX_HISTORY_MESSAGES,
      beforeSeq: messageSeq,
    });
    const history = toValidHistory(stored.map(({ role, parts }) => ({ role, parts }) as Message));
    return [...fitToWindow(history, this.budgetFor(request)), current];
  }

  private budgetFor({ model, current, system, tools, maxOutputTokens }: ContextRequest): number {
    const window = model.contextWindow ?? DEFAULT_CONTEXT_WINDOW;
    const fixed =
      estimateTextTokens(system) + estimateTextTokens(JSON.stringify(tools)) + estimateMessageTokens(current);
    return window - maxOutputTokens - fixed;
  }
}
