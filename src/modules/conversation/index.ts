export { ConversationModule } from './conversation.module.js';
export { ConversationTitlesRepository } from './conversation-titles.repository.js';
export { ConversationService } from './conversation.service.js';
export type { Conversation, StoredMessage } from './conversation.js';
export { type Meaning, MessageRecall, type RecalledTurn, type RecallQuery } from './recall/message-recall.js';
export { MessageVectorsRepository, type UnembeddedMessage } from './recall/message-vectors.repository.js';
export { ConversationSummariesRepository } from './summaries/conversation-summaries.repository.js';
export type { ConversationContext } from './summaries/conversation-context.js';
export type { ConversationSummary } from './summaries/conversation-summary.js';
