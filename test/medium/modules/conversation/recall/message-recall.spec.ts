import type { DataSource } from 'typeorm';
import {
  MessageRecall,
  type RecallQuery,
} from '../../../../../src/modules/conversation/recall/message-recall.js';
import { MessageRecallRepository } from '../../../../../src/modules/conversation/recall/message-recall.repository.js';
import { MessageVectorsRepository } from '../../../../../src/modules/conversation/recall/message-vectors.repository.js';
import { LocalEmbeddingProvider } from '../../../../../src/modules/providers/embeddings/local/local-embedding.provider.js';
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

  it('is not held up by any text, and finds the words that are joined', async () => {
    // Within the time that a statement has.
    const joined = await aConversationOf(dataSource, mine, [
      ['user', 'a_'.repeat(25_000)],
      ['user', 'red/blue_green@yellow.com'],
      ['user', `${'word '.repeat(20_000)} beyond`],
    ]);
    for (const text of ['blue', 'green', 'yellow'])
      expect(await found({ sessionId: joined, text })).toEqual([[2]]);
    expect(await found({ sessionId: joined, text: 'beyond' })).toEqual([]);
  });

  it('falls back to words when the meaning is not told in time', async () => {
    const sessionId = await aConversationOf(dataSource, mine, TALK);
    const hybrid = recall('hybrid');
    hybrid.useMeaning(
      (_text, _userId, limit) =>
        new Promise((_, reject) => limit.addEventListener('abort', () => reject(limit.reason as Error))),
    );
    const query = { userId: mine, sessionId, text: 'thunder', beforeSeq: 9, limit: 3 };
    expect(await hybrid.find(query, AbortSignal.timeout(5))).toHaveLength(1);
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

  describe('by meaning', () => {
    const provider = new LocalEmbeddingProvider();
    afterAll(() => provider.stop());

    async function withVectors(
      userId: string,
      sayings: readonly Saying[],
      model = provider.model,
    ): Promise<string> {
      const id = await aConversationOf(dataSource, userId, sayings);
      const vectors = new MessageVectorsRepository(dataSource);
      const claimed = await vectors.claimRecent(userId, id, model, 32);
      const embedded = await provider.embed(
        claimed.map(({ text }) => text),
        signal,
      );
      await vectors.store(
        userId,
        model,
        claimed.map((message, index) => ({ id: message.id, vector: embedded.vectors[index] })),
      );
      return id;
    }

    async function nearest(sessionId: string, text: string, model = provider.model): Promise<number[][]> {
      const hybrid = recall('hybrid');
      hybrid.useMeaning(async () => ({ model, vector: (await provider.embed([text], signal)).vectors[0]! }));
      const turns = await hybrid.find({ userId: mine, sessionId, text, beforeSeq: 100, limit: 1 }, signal);
      return turns.map(({ messages }) => messages.map(({ seq }) => seq));
    }

    it('finds what shares no word, in the same statement, and only among vectors of its model', async () => {
      const id = await withVectors(mine, TALK);
      await withVectors(theirs, [['user', 'a puppy, a puppy, a puppy']]);
      expect(await nearest(id, 'puppy scared by lightning')).toEqual([[1, 2]]);
      expect(statements).toHaveLength(1);
      expect(await nearest(id, 'puppy scared by lightning', 'another')).toEqual([]);
      expect(await nearest(await withVectors(theirs, TALK), 'puppy scared by lightning')).toEqual([]);
    });

    it('keeps nothing of a conversation that was erased', async () => {
      const id = await withVectors(mine, TALK);
      const counted = (): Promise<unknown[]> =>
        dataSource.query(
          `SELECT (SELECT count(*)::integer FROM message_vector WHERE conversation_id = $1) AS vectors,
                  (SELECT count(*)::integer FROM message_index WHERE conversation_id = $1) AS words`,
          [id],
        );
      expect(await counted()).toEqual([{ vectors: TALK.length, words: TALK.length }]);
      await dataSource.query('DELETE FROM conversation WHERE id = $1', [id]);
      expect(await counted()).toEqual([{ vectors: 0, words: 0 }]);
    });
  });

  it('reads one conversation of 10,000 messages by its index, however much others have said', async () => {
    const ids = [await aConversationOf(dataSource, mine, []), await aConversationOf(dataSource, theirs, [])];
    await dataSource.query('ALTER TABLE message DISABLE TRIGGER message_indexed');
    for (const [id, userId, count] of [
      [ids[0], mine, 10_000],
      [ids[1], theirs, 60_000],
    ] as const) {
      await dataSource.query(
        `WITH said AS (
           INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, created_at)
           SELECT gen_random_uuid(), $1, $2, n, CASE n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, '[]', 'complete', now()
             FROM generate_series(1, $3::integer) n RETURNING id, seq),
         words AS (
           INSERT INTO message_index (conversation_id, seq, user_id, terms)
           SELECT $1, seq, $2, text_terms('word' || seq % 50 || ' common') FROM said)
         INSERT INTO message_vector (message_id, conversation_id, user_id, seq, model, bits, vector)
         SELECT id, $1, $2, seq, 'm', seq::bit(256), ARRAY[1, 0]::real[] FROM said`,
        [id, userId, count],
      );
    }
    await dataSource.query('ALTER TABLE message ENABLE TRIGGER message_indexed');
    await dataSource.query('ANALYZE message, message_index, message_vector');

    const plans: string[] = [];
    const explaining = {
      query: async (sql: string, parameters: unknown[]) => {
        const rows = await dataSource.query<Record<string, string>[]>(`EXPLAIN ${sql}`, parameters);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return dataSource.query(sql, parameters);
      },
    } as unknown as DataSource;
    const found = await new MessageRecallRepository(explaining).find({
      userId: mine,
      conversationId: ids[0]!,
      text: 'word7 common',
      beforeSeq: 10_001,
      limit: 5,
      meaning: { model: 'm', vector: Float32Array.of(1, 0) },
    });
    expect(found.map(({ messages }) => messages.length)).toEqual([2, 2, 2, 2, 2]);
    expect(plans).toHaveLength(1);
    expect(plans[0]).not.toMatch(/Seq Scan on (message|message_index|message_vector)\b/);
  });
});
