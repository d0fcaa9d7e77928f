import { Body, Controller, Delete, Get, Param, Patch, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import { ShowsQuota } from '../../shared/access/shows-quota.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { validationFailed } from '../../shared/errors/app-error.js';
import { tooManyPins } from './conversation.errors.js';
import { ConversationService } from './conversation.service.js';
import {
  ClearedDto,
  ConversationDto,
  ConversationListDto,
  ConversationSummaryDto,
  ListConversationsQuery,
  MessageDto,
  PinMessageBody,
  ReadConversationQuery,
  RenameConversationBody,
} from './conversations.dto.js';
import { decodeCursor, encodeCursor, toConversationSummaryDto, toMessageDto } from './to-conversation-dto.js';

const SESSION_ID = {
  name: 'session_id',
  description: 'The conversation.',
  schema: { type: 'string', format: 'uuid' },
  example: '0193ab40-7c1e-7000-8000-3f2a51b0c9d1',
} as const;

const MESSAGE_ID = {
  name: 'message_id',
  description: 'The message.',
  schema: { type: 'string', format: 'uuid' },
  example: '0193ab40-7c2f-7000-8000-5d1b7a90e4c2',
} as const;

@ApiTags('conversations')
@RequirePermission('conversations:manage')
@ShowsQuota()
@Controller('agent/conversations')
export class ConversationsController {
  constructor(private readonly conversations: ConversationService) {}

  @Get()
  @ApiOperation({ operationId: 'listConversations', summary: "The caller's conversations, newest first" })
  @ApiOkResponse({ type: ConversationListDto })
  @ApiProblems(401, 403, 422)
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListConversationsQuery,
  ): Promise<ConversationListDto> {
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    if (query.cursor !== undefined && !after) {
      throw validationFailed([{ pointer: '/cursor', detail: 'is not a cursor of this list' }]);
    }
    const page = await this.conversations.list(principal.userId, {
      limit: query.limit ?? 20,
      ...(after ? { after } : {}),
      ...(query.q ? { search: query.q } : {}),
    });
    return {
      conversations: page.conversations.map(toConversationSummaryDto),
      next_cursor: page.next ? encodeCursor(page.next) : null,
    };
  }

  @Get(':session_id')
  @ApiOperation({ operationId: 'readConversation', summary: 'A conversation with its messages' })
  @ApiParam(SESSION_ID)
  @ApiOkResponse({ type: ConversationDto })
  @ApiProblems(401, 403, 404, 422)
  async read(
    @CurrentPrincipal() principal: Principal,
    @Param('session_id') id: string,
    @Query() query: ReadConversationQuery,
  ): Promise<ConversationDto> {
    const { conversation, messages, hasMore } = await this.conversations.read(principal.userId, id, {
      limit: query.limit ?? 50,
      ...(query.before === undefined ? {} : { beforeSeq: query.before }),
    });
    return {
      ...toConversationSummaryDto(conversation),
      messages: messages.map(toMessageDto),
      has_more: hasMore,
    };
  }

  @Patch(':session_id')
  @ApiOperation({ operationId: 'renameConversation', summary: 'Rename a conversation' })
  @ApiParam(SESSION_ID)
  @ApiOkResponse({ type: ConversationSummaryDto })
  @ApiProblems(400, 401, 403, 404, 413, 415, 422)
  async rename(
    @CurrentPrincipal() principal: Principal,
    @Param('session_id') id: string,
    @Body() body: RenameConversationBody,
  ): Promise<ConversationSummaryDto> {
    return toConversationSummaryDto(await this.conversations.rename(principal.userId, id, body.title));
  }

  @Patch(':session_id/messages/:message_id')
  @ApiOperation({
    operationId: 'pinMessage',
    summary: 'Pin a message, so that the model sees it however long the conversation becomes; or unpin it',
  })
  @ApiParam(SESSION_ID)
  @ApiParam(MESSAGE_ID)
  @ApiOkResponse({ type: MessageDto })
  @ApiProblems(400, 401, 403, 404, tooManyPins(50), 413, 415, 422)
  async pin(
    @CurrentPrincipal() principal: Principal,
    @Param('session_id') id: string,
    @Param('message_id') messageId: string,
    @Body() body: PinMessageBody,
  ): Promise<MessageDto> {
    return toMessageDto(await this.conversations.pin(principal.userId, id, messageId, body.pinned));
  }

  @Delete(':session_id')
  @ApiOperation({ operationId: 'clearConversation', summary: 'Erase a conversation with everything in it' })
  @ApiParam(SESSION_ID)
  @ApiOkResponse({ type: ClearedDto })
  @ApiProblems(401, 403, 404)
  async clear(
    @CurrentPrincipal() principal: Principal,
    @Param('session_id') id: string,
  ): Promise<ClearedDto> {
    await this.conversations.clear(principal.userId, id);
    return { status: 'cleared' };
  }
}
