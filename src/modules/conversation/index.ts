export { ConversationModule } from './conversation.module.js';
export { ConversationService } from './conversation.service.js';
export type { Conversation, StoredMessage } from './conversation.js';
export { type Meaning, MessageRecall, type RecalledTurn, type RecallQuery } from './recall/message-recall.js';
export type { ConversationContext } from './summaries/conversation-context.js';
export type { ConversationSummary } from './summaries/conversation-summary.js';
export type { RememberedFact } from './memory/remembered-fact.js';
export { UserMemory } from './memory/user-memory.js';
