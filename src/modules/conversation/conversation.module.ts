import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/index.js';
import { ConversationEntity } from './conversation.entity.js';
import { ConversationRepository } from './conversation.repository.js';
import { ConversationTitlesRepository } from './conversation-titles.repository.js';
import { ConversationService } from './conversation.service.js';
import { ConversationsController } from './conversations.controller.js';
import { MemoriesController } from './memory/memories.controller.js';
import { UserMemoryEntity } from './memory/user-memory.entity.js';
import { UserMemoryRepository } from './memory/user-memory.repository.js';
import { UserMemory } from './memory/user-memory.js';
import { MessageEntity } from './message.entity.js';
import { MessageIndexEntity } from './recall/message-index.entity.js';
import { MessageRecall } from './recall/message-recall.js';
import { MessageRecallRepository } from './recall/message-recall.repository.js';
import { MessageVectorEntity } from './recall/message-vector.entity.js';
import { MessageVectorsRepository } from './recall/message-vectors.repository.js';
import { RetentionService } from './retention.service.js';
import { ConversationSummariesRepository } from './summaries/conversation-summaries.repository.js';
import { ConversationSummaryEntity } from './summaries/conversation-summary.entity.js';
import { ConversationUpkeepEntity } from './summaries/conversation-upkeep.entity.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([
      ConversationEntity,
      MessageEntity,
      MessageIndexEntity,
      MessageVectorEntity,
      ConversationSummaryEntity,
      ConversationUpkeepEntity,
      UserMemoryEntity,
    ]),
    AuthModule,
  ],
  controllers: [ConversationsController, MemoriesController],
  providers: [
    ConversationRepository,
    ConversationService,
    ConversationSummariesRepository,
    ConversationTitlesRepository,
    MessageRecall,
    MessageRecallRepository,
    MessageVectorsRepository,
    RetentionService,
    UserMemory,
    UserMemoryRepository,
  ],
  exports: [
    ConversationService,
    ConversationSummariesRepository,
    ConversationTitlesRepository,
    MessageRecall,
    MessageVectorsRepository,
    UserMemory,
  ],
})
export class ConversationModule {}
