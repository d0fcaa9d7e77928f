import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { UntrustedTextRepository } from '../../../src/modules/agent/memory/untrusted-text.repository.js';
import { SideCallRepository } from '../../../src/modules/agent/side-calls/side-call.repository.js';
import { ConversationTitlesRepository } from '../../../src/modules/conversation/conversation-titles.repository.js';
import { ConversationRepository } from '../../../src/modules/conversation/conversation.repository.js';
import { UserMemoryRepository } from '../../../src/modules/conversation/memory/user-memory.repository.js';
import { MessageVectorsRepository } from '../../../src/modules/conversation/recall/message-vectors.repository.js';
import {
  ConversationSummariesRepository,
  type SummaryClaim,
} from '../../../src/modules/conversation/summaries/conversation-summaries.repository.js';
import type { Acts } from './act.js';
import {
  CONVERSATION,
  FACT,
  MESSAGE,
  MODEL,
  NOW,
  OTHER_MESSAGE,
  OWNER,
  RUN,
  SIDE_CALL,
  SUMMARY_CLAIM,
} from './two-users.js';

const MINE = CONVERSATION[OWNER]!;
const NEW = v7();

const memory = (source: DataSource): UserMemoryRepository => new UserMemoryRepository(source);
const summaries = (source: DataSource): ConversationSummariesRepository =>
  new ConversationSummariesRepository(source);
const titles = (source: DataSource): ConversationTitlesRepository => new ConversationTitlesRepository(source);
const vectors = (source: DataSource): MessageVectorsRepository => new MessageVectorsRepository(source);

/** The owner's claim, as if it were this user's. */
const claimOf = (me: string): SummaryClaim => ({
  claimId: SUMMARY_CLAIM,
  userId: me,
  conversationId: MINE,
  failures: 0,
  previous: { version: 1, text: 'elephants', coversToSeq: 1 },
});

/** How somebody else would come by what the owner has said, and by what was made of it. */
export const CONTENT_ACTS: Acts = {
  'ConversationRepository.pin': [
    (source, me) => new ConversationRepository(source).pin(me, MINE, OTHER_MESSAGE, true, NOW),
  ],
  'ConversationTitlesRepository.untitledOpening': [(source, me) => titles(source).untitledOpening(me, MINE)],
  'ConversationTitlesRepository.give': [(source, me) => titles(source).give(me, MINE, 'mine now')],

  'ConversationSummariesRepository.claim': [(source, me) => summaries(source).claim(me, MINE, NEW, 1)],
  'ConversationSummariesRepository.uncovered': [(source, me) => summaries(source).uncovered(claimOf(me), 9)],
  'ConversationSummariesRepository.add': [
    (source, me) =>
      summaries(source).add(claimOf(me), { text: 'mine now', coversToSeq: 2, model: 'm', createdAt: NOW }),
  ],

  'MessageVectorsRepository.claimRecent': [
    (source, me) => vectors(source).claimRecent(me, MINE, 'another-model', 9),
  ],
  'MessageVectorsRepository.store': [
    (source, me) => vectors(source).store(me, MODEL, [{ id: MESSAGE, vector: new Float32Array([0, 0, 1]) }]),
  ],
  'MessageVectorsRepository.release': [(source, me) => vectors(source).release(me, [OTHER_MESSAGE], 1_000)],

  'UserMemoryRepository.findPage': [(source, me) => memory(source).findPage(me, { limit: 9 })],
  'UserMemoryRepository.insert': [
    (source, me) =>
      memory(source).insert(me, NEW, { text: 'likes elephants', origin: 'user', isTainted: false }, 1, NOW),
  ],
  'UserMemoryRepository.change': [(source, me) => memory(source).change(me, FACT, 'mine now', NOW)],
  'UserMemoryRepository.remove': [(source, me) => memory(source).remove(me, FACT)],
  'UserMemoryRepository.removeAll': [(source, me) => memory(source).removeAll(me)],
  'UntrustedTextRepository.mayBeIn': [
    (source, me) => new UntrustedTextRepository(source).mayBeIn(me, RUN, []),
  ],

  'SideCallRepository.end': [
    (source, me) =>
      new SideCallRepository(source).end({ id: SIDE_CALL, principal: { userId: me } } as never, undefined),
  ],
};
