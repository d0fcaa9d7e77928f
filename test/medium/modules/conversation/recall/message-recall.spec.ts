import type { DataSource } from 'typeorm';
import {
  MessageRecall,
  type RecallQuery,
} from '../../../../../src/modules/conversation/recall/message-recall.js';
import { MessageRecallRepository } from '../../../../../src/modules/conversation/recall/message-recall.repository.js';
import { textOf } from '../../../../../src/shared/llm/message.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import { aConversationOf, type Saying } from '../../../../support/conversation/conversation-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const TALK: readonly Saying[] = [
  ['user', 'My dog is called Biscuit and she is afraid of thunder.'],
  ['assistant', 'Then keep Biscuit inside when a storm comes.'],
  ['user', 'What is the capital of France?'],
  ['assistant', 'Paris.'],
  ['user', 'Look up the invoice 4711 please.'],
  ['tool', 'invoice 4711: 12 bags of concrete'],
  ['assistant', 'It is for concrete.'],
  ['user', 'Thank you for everything.'],
  ['assistant', 'You are welcome.'],
];
const { signal } = new AbortController();

describe(MessageRecall.name, () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let mine: string;
  let theirs: string;
  let statements: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    ({ dataSource } = database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    mine = (await aUser(dataSource)).userId;
    theirs = (await aUser(dataSource)).userId;
  });

  function recall(mode: 'off' | 'text' | 'hybrid' = 'text'): MessageRecall {
    statements = [];
    const counted = {
      query: (sql: string, parameters: unknown[]) => {
        statements.push(sql);
        return dataSource.query(sql, parameters);
      },
    } as DataSource;
    return new MessageRecall(new MessageRecallRepository(counted), { recall: mode } as never);
  }

  const found = async (
    query: Partial<RecallQuery> & Pick<RecallQuery, 'sessionId' | 'text'>,
    mode?: 'text',
  ) => {
    const turns = await recall(mode).find({ userId: mine, beforeSeq: 100, limit: 3, ...query }, signal);
    return turns.map(({ messages }) => messages.map(({ seq }) => seq));
  };

  it('finds whole turns by what was said in them, with one statement', async () => {
    const sessionId = await aConversationOf(dataSource, mine, TALK);
    expect(await found({ sessionId, text: 'Which dogs fear thunder?' })).toEqual([[1, 2]]);
    expect(statements).toHaveLength(1);
    expect(await found({ sessionId, text: 'concrete!' })).toEqual([[5, 6, 7]]);
  });
  it('puts the turn first that shares the rarer words', async () => {
    const sessionId = await aConversationOf(dataSource, mine, TALK);
    const turns = await found({ sessionId, text: 'the capital of the dog Biscuit' });
    expect(turns[0]).toEqual([1, 2]);
  });

  it('finds nothing of another user, of another conversation, or after the place', async () => {
    const sessionId = await aConversationOf(dataSource, mine, TALK);
    const other = await aConversationOf(dataSource, mine, [['user', 'Hello']]);
    const foreign = await aConversationOf(dataSource, theirs, TALK);
    expect(await found({ sessionId: foreign, text: 'thunder' })).toEqual([]);
    expect(await found({ sessionId: other, text: 'thunder' })).toEqual([]);
    expect(await found({ sessionId, text: 'invoice', beforeSeq: 5 })).toEqual([]);
    expect(await found({ sessionId, text: 'invoice', beforeSeq: 7 })).toEqual([[5, 6]]);
  });

  it('finds nothing when it is switched off, or when there is nothing to look for', async () => {
    const sessionId = await aConversationOf(dataSource, mine, TALK);
    expect(
      await recall('off').find({ userId: mine, sessionId, text: 'thunder', beforeSeq: 9, limit: 3 }, signal),
    ).toEqual([]);
    expect(statements).toEqual([]);
    for (const text of ['', '  ', '?!', "' | \\ & :*", 'the of and'])
      expect(await found({ sessionId, text })).toEqual([]);
  });

  it('falls back to words when the meaning cannot be told', async () => {
    const sessionId = await aConversationOf(dataSource, mine, TALK);
    const hybrid = recall('hybrid');
    hybrid.useMeaning(() => Promise.reject(new Error('the vendor is away')));
    const turns = await hybrid.find(
      { userId: mine, sessionId, text: 'thunder', beforeSeq: 9, limit: 3 },
      signal,
    );
    expect(turns.map(({ messages }) => textOf(messages[0] as never))).toEqual([TALK[0]![1]]);
  });
});
