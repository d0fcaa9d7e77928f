import { v7 } from 'uuid';
import { UserMemoryRepository } from '../../../../../src/modules/conversation/memory/user-memory.repository.js';
import { aUser } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

const NOW = new Date('2026-11-30T09:00:00Z');
const LIMIT = 5;

describe(UserMemoryRepository.name, () => {
  let database: TestDatabase;
  let facts: UserMemoryRepository;
  let mine: string;
  let theirs: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    facts = new UserMemoryRepository(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    mine = await aRememberedUser();
    theirs = await aRememberedUser();
  });

  async function aRememberedUser(): Promise<string> {
    const { userId } = await aUser(database.dataSource);
    await database.dataSource.query(`UPDATE user_account SET memory_enabled = true WHERE id = $1`, [userId]);
    return userId;
  }
  const write = (userId: string, text: string): ReturnType<UserMemoryRepository['insert']> =>
    facts.insert(userId, v7(), { text, origin: 'tool', isTainted: true }, LIMIT, NOW);
  const texts = async (userId: string): Promise<string[]> =>
    (await facts.findPage(userId, { limit: 100 })).map(({ text }) => text);

  it('gives nothing of another user away, and changes nothing', async () => {
    const fact = await write(theirs, 'secret');
    const { id } = fact as { id: string };
    expect(await texts(mine)).toEqual([]);
    expect(await facts.change(mine, id, 'mine now', NOW)).toBeUndefined();
    expect(await facts.remove(mine, id)).toBe(false);
    expect(await facts.removeAll(mine)).toBe(0);
    expect(await texts(theirs)).toEqual(['secret']);
  });

  it('writes nothing down for a user who does not want it, or is gone', async () => {
    await database.dataSource.query(`UPDATE user_account SET memory_enabled = false WHERE id = $1`, [mine]);
    expect(await write(mine, 'x')).toBe('off');
    expect(await write(v7(), 'x')).toBe('off');
  });

  it('has room for so many and not one more, also when they come at once', async () => {
    const written = await Promise.all(Array.from({ length: 12 }, (_, index) => write(mine, `fact ${index}`)));
    expect(written.filter((fact) => fact === 'full')).toHaveLength(12 - LIMIT);
    expect(await texts(mine)).toHaveLength(LIMIT);
    expect(await write(theirs, 'room here')).toMatchObject({ text: 'room here' });
  });

  it('keeps the same fact once', async () => {
    const [first, second] = [await write(mine, 'twice'), await write(mine, 'twice')];
    expect(second).toEqual(first);
    expect(await texts(mine)).toEqual(['twice']);
  });

  it('takes what the user has put right for the user’s own word', async () => {
    const { id } = (await write(mine, 'wrong')) as { id: string };
    expect(await facts.change(mine, id, 'right', NOW)).toMatchObject({
      text: 'right',
      origin: 'user',
      isTainted: false,
    });
  });

  it('pages newest first', async () => {
    for (const text of ['a', 'b', 'c']) await write(mine, text);
    const first = await facts.findPage(mine, { limit: 2 });
    expect(first.map(({ text }) => text)).toEqual(['c', 'b']);
    const rest = await facts.findPage(mine, { limit: 2, before: first[1]!.id });
    expect(rest.map(({ text }) => text)).toEqual(['a']);
  });
});
