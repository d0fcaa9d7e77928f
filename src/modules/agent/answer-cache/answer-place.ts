import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../shared/llm/canonical-json.js';
import type { ModelRequest } from '../../providers/index.js';
import type { RunPrompt } from '../prompts/prompt.js';
import type { AnswerPlace } from './answer-cache.js';

/** How the first model call of a run may be answered from the cache. */
export interface AnswerCacheUse {
  readonly agent: string;
  readonly prompt: RunPrompt | null;
  readonly userId: string;
  readonly ttlMs: number;
  /** The agent's answers are for all users, as far as nothing of a user is in their requests. */
  readonly isShared: boolean;
  /** The application supplied data for the request, or the model is told what is remembered of its user: nothing is kept. */
  readonly isPersonal: boolean;
  /** What the agent is told; the key of the cache. */
  readonly instructions: string;
  /** The same as the model gets it in this conversation: whatever else is added to it is a user's. */
  readonly system: string;
}

/** Everything that shapes an answer is in its key. A conversation's history, and all else that is a user's, keeps it theirs. */
export function placeOf(use: AnswerCacheUse, request: ModelRequest): AnswerPlace {
  const { userId, agent, prompt } = use;
  const isShared = use.isShared && request.system === use.system && isQuestionAlone(request.messages);
  const { model, system, messages, tools, maxOutputTokens, temperature } = request;
  const shape = {
    userId: isShared ? null : userId,
    agent,
    prompt,
    model: [model.id, model.provider, model.vendorModel],
    system: isShared || system === use.system ? use.instructions : system,
    messages,
    tools,
    maxOutputTokens,
    temperature,
  };
  return { userId, isShared, key: createHash('sha256').update(canonicalJson(shape)).digest('hex') };
}

/** What the user has said before, or asked to be remembered, stands in further messages or parts. */
function isQuestionAlone([question, ...more]: ModelRequest['messages']): boolean {
  return more.length === 0 && question?.parts.length === 1;
}
