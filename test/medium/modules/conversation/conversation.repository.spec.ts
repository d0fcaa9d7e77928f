import { v7 } from 'uuid';
import { ConversationRepository } from '../../../../src/modules/conversation/conversation.repository.js';
import { ConversationService } from '../../../../src/modules/conversation/conversation.service.js';
import { aUser } from '../../../support/agent/agent-rows.js';
import { aConversationOf } from '../../../support/conversation/conversation-rows.js';
import { createTestDatabase } from '../../../support/servers/test-database.js';

const NOW = new Date('2026-11-24T09:00:00Z');
const at = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);

describe(ConversationRepository.name, () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let repository: ConversationRepository;
  let service: ConversationService;
  let mine: string;
  let theirs: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    repository = new ConversationRepository(database.dataSource);
    service = new ConversationService(repository, { now: () => NOW, monotonicMs: () => 0 });
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    mine = (await aUser(database.dataSource)).userId;
    theirs = (await aUser(database.dataSource)).userId;
  });

  async function aConversation(
    userId: string,
    options: { title?: string; updatedAt?: Date; expiresAt?: Date } = {},
  ): Promise<string> {
    const id = v7();
    const updatedAt = options.updatedAt ?? NOW;
    await database.dataSource.query(
      `INSERT INTO conversation (id, user_id, title, next_seq, created_at, updated_at, expires_at) VALUES ($1, $2, $3, 4, $4, $4, $5)`,
      [id, userId, options.title ?? 'A title', updatedAt, options.expiresAt ?? at(60)],
    );
    await database.dataSource.query(
      `INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, created_at)
       SELECT gen_random_uuid(), $1, $2, n, 'user', '[{"type":"text","text":"hi"}]', 'complete', $3 FROM generate_series(1, 3) n`,
      [id, userId, updatedAt],
    );
    return id;
  }

  it('gives nothing of another user away, and changes nothing', async () => {
    const id = await aConversation(theirs, { title: 'secret plan' });
    expect(await repository.findOne(mine, id, NOW)).toBeUndefined();
    expect(await repository.findMessages(mine, id, { limit: 10 })).toEqual([]);
    expect(await repository.rename(mine, id, 'mine now', NOW)).toBeUndefined();
    expect(await repository.remove(mine, id, NOW)).toBe(false);
    expect(await repository.findPage(mine, { now: NOW, limit: 10, search: 'secret' })).toEqual([]);
    expect(await repository.findOne(theirs, id, NOW)).toMatchObject({ title: 'secret plan' });
  });

  it('pages newest first, without gap or repeat, even where times are equal', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1)
      ids.push(await aConversation(mine, { updatedAt: at(-Math.floor(index / 2)) }));
    const seen: string[] = [];
    let after: Parameters<ConversationService['list']>[1]['after'];
    do {
      const page = await service.list(mine, { limit: 3, ...(after ? { after } : {}) });
      seen.push(...page.conversations.map(({ id }) => id));
      after = page.next;
    } while (after);
    expect(new Set(seen).size).toBe(7);
    expect([...seen].sort()).toEqual([...ids].sort());
  });

  it('searches titles as plain text', async () => {
    const id = await aConversation(mine, { title: '100% of A_B' });
    await aConversation(mine, { title: 'something else' });
    const found = async (search: string): Promise<string[]> =>
      (await repository.findPage(mine, { now: NOW, limit: 10, search })).map((row) => row.id);
    expect(await found('100% OF')).toEqual([id]);
    expect(await found('a_b')).toEqual([id]);
    expect(await found('%')).toEqual([id]);
  });

  it('reads messages backwards from a place, in order', async () => {
    const id = await aConversation(mine);
    expect((await service.read(mine, id, { limit: 2 })).messages.map(({ seq }) => seq)).toEqual([2, 3]);
    expect((await service.read(mine, id, { limit: 2 })).hasMore).toBe(true);
    const older = await service.read(mine, id, { limit: 2, beforeSeq: 2 });
    expect([older.messages.map(({ seq }) => seq), older.hasMore]).toEqual([[1], false]);
  });

  it('answers what has expired like what never was, and erases it', async () => {
    const id = await aConversation(mine, { expiresAt: at(-1) });
    const kept = await aConversation(mine);
    await expect(service.read(mine, id, { limit: 1 })).rejects.toMatchObject({ code: 'not_found' });
    expect(await repository.removeExpired(NOW, 100)).toBeGreaterThanOrEqual(1);
    expect(await database.dataSource.query('SELECT id FROM conversation WHERE user_id = $1', [mine])).toEqual(
      [{ id: kept }],
    );
    expect(await database.dataSource.query('SELECT 1 FROM message WHERE conversation_id = $1', [id])).toEqual(
      [],
    );
  });

  it('does not erase a conversation whose run is still going', async () => {
    const id = await aConversation(mine, { expiresAt: at(-1) });
    await database.dataSource.query(
      `INSERT INTO run (id, user_id, conversation_id, status, agent, model, endpoint, request, created_at) VALUES ($1, $2, $3, 'running', 'a', 'm', 'chat', '{}', now())`,
      [v7(), mine, id],
    );
    await repository.removeExpired(NOW, 100);
    expect(await database.dataSource.query('SELECT 1 FROM conversation WHERE id = $1', [id])).toHaveLength(1);
  });

  it('searches what was said, by all words in one message and whatever their form, within what is the caller’s', async () => {
    const say = async (userId: string, ...texts: string[]): Promise<string> =>
      aConversationOf(
        database.dataSource,
        userId,
        texts.map((text) => ['user', text] as const),
      );
    const painted = await say(mine, 'We painted the fence.', 'Nothing else.');
    await say(mine, 'The fence is high.', 'She paints.');
    await say(theirs, 'We painted the fence.');
    const found = async (search: string): Promise<string[]> =>
      (await repository.findPage(mine, { now: new Date(), limit: 10, search })).map((row) => row.id);
    expect(await found('painting fences')).toEqual([painted]);
    expect(await found('the of')).toEqual([]);
    expect(await found("' & | ! :* \\")).toEqual([]);
  });

  it('pins messages of the caller, fifty at the most', async () => {
    const id = await aConversationOf(
      database.dataSource,
      mine,
      Array.from({ length: 60 }, (_, index) => ['user', `message ${index + 1}`] as const),
    );
    const { messages } = await service.read(mine, id, { limit: 60 });
    const pin = (seq: number, isPinned = true): ReturnType<ConversationService['pin']> =>
      service.pin(mine, id, messages[seq - 1]!.id, isPinned);
    const outcomes = await Promise.allSettled(messages.map(({ seq }) => pin(seq)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'too_many_pins' },
    });
    const { pinned } = await service.context(mine, id, { limit: 1, beforeSeq: 61 });
    expect(pinned).toHaveLength(50);
    const [first] = pinned;
    await expect(service.pin(theirs, id, first!.id, false)).rejects.toMatchObject({ code: 'not_found' });
    expect(await pin(first!.seq)).toMatchObject({ isPinned: true });
    expect(await pin(first!.seq, false)).toMatchObject({ isPinned: false });
  });

  it('gives the newest messages that no summary covers, and what is pinned, in one statement', async () => {
    const { dataSource } = database;
    const id = await aConversationOf(
      dataSource,
      mine,
      Array.from(
        { length: 9 },
        (_, index) => [index % 2 ? 'assistant' : 'user', `message ${index + 1}`] as const,
      ),
    );
    await dataSource.query(
      `INSERT INTO conversation_summary (conversation_id, version, covers_to_seq, text, model, created_at)
       VALUES ($1, 1, 2, 'old', 'm', now()), ($1, 2, 4, 'so far', 'm', now()), ($1, 3, 8, 'later', 'm', now())`,
      [id],
    );
    await dataSource.query(`UPDATE message SET pinned = true WHERE conversation_id = $1 AND seq IN (2, 6)`, [
      id,
    ]);
    let statements = 0;
    const counted = {
      query: (...query: [string, unknown[]]) => ((statements += 1), dataSource.query(...query)),
    };
    const seqs = async (limit: number, userId = mine): Promise<unknown> => {
      const context = await new ConversationRepository(counted as never).findContext(userId, id, {
        limit,
        beforeSeq: 8,
      });
      return [
        context.summary?.text,
        ...[context.pinned, context.recent].map((found) => found.map(({ seq }) => seq)),
      ];
    };
    expect(await seqs(10)).toEqual(['so far', [2, 6], [5, 6, 7]]);
    expect(statements).toBe(1);
    expect(await seqs(2)).toEqual(['so far', [2, 6], [6, 7]]);
    expect(await seqs(10, theirs)).toEqual([undefined, [], []]);
  });
});
