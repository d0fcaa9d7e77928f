export { ConversationModule } from './conversation.module.js';
export { ConversationService } from './conversation.service.js';
export type { Conversation, StoredMessage } from './conversation.js';
