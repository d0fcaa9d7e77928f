import type { ApiClient } from '../support/perch/api-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { until } from '../support/until.js';

interface Said {
  session_id: string;
  message_id: string;
}
interface Conversation {
  title: string;
  messages: { message_id: string; content: string; pinned: boolean }[];
}

describe('what conversations remember', () => {
  let server: ModelServer;
  let perch: TestPerch;
  let user: ApiClient;
  beforeAll(async () => {
    server = await ModelServer.start();
    perch = await startTestPerch(compatibleWith(server.url, { AI_ENABLE_TITLES: 'true' }));
    user = await perch.user();
  });
  afterAll(async () => {
    await perch.stop();
    await server.stop();
  });
  // A title is asked for with what the user and the assistant have said, as JSON.
  beforeEach(() => {
    server.reset();
    server.always((request) =>
      JSON.stringify(request.body).includes('Answer with a title')
        ? { text: '"Fences.\nof paint"' }
        : { text: 'The fence is painted.' },
    );
  });

  const read = async <T>(path: string, client = user): Promise<T> =>
    (await (await client.get(`/api/v1/agent${path}`)).json()) as T;
  const say = async (message: string, more: object = {}): Promise<Said> =>
    (await (await user.post('/api/v1/agent/chat', { message, ...more })).json()) as Said;
  const titles = async (q: string): Promise<string[]> =>
    (
      await read<{ conversations: { title: string }[] }>(`/conversations?q=${encodeURIComponent(q)}`)
    ).conversations.map(({ title }) => title);

  it('is found by what was said, gets a title that its user may change, and vectors', async () => {
    const { session_id: id } = await say('What about my garden?');
    await until(async () => (await read<Conversation>(`/conversations/${id}`)).title === 'Fences');
    expect(await titles('painting')).toEqual(['Fences']);
    expect(await titles('garden fence')).toEqual([]);
    expect((await user.patch(`/api/v1/agent/conversations/${id}`, { title: 'Mine' })).status).toBe(200);
    await say('And the gate?', { session_id: id });
    await until(async () => {
      const rows = await perch.database.dataSource.query<unknown[]>(
        'SELECT 1 FROM message_vector WHERE conversation_id = $1 AND bits IS NOT NULL',
        [id],
      );
      return rows.length === 4;
    });
    expect((await read<Conversation>(`/conversations/${id}`)).title).toBe('Mine');
    const costs = await perch.database.dataSource.query<{ endpoint: string }[]>(
      'SELECT endpoint FROM usage_record ORDER BY created_at',
    );
    expect(costs.map(({ endpoint }) => endpoint)).toEqual(['chat', 'title', 'chat']);
  });

  it('shows what is pinned, and lets nobody else pin', async () => {
    const { session_id: id, message_id: messageId } = await say('Remember the gate.');
    const path = `/api/v1/agent/conversations/${id}/messages/${messageId}`;
    const pinned = await user.patch(path, { pinned: true });
    expect([pinned.status, await pinned.json()]).toEqual([
      200,
      expect.objectContaining({ message_id: messageId, pinned: true }),
    ]);
    expect(
      (await read<Conversation>(`/conversations/${id}`)).messages.map((message) => message.pinned),
    ).toEqual([false, true]);
    const other = await perch.user();
    expect((await other.patch(path, { pinned: false })).status).toBe(404);
    expect(
      (await user.patch(`/api/v1/agent/conversations/${id}/messages/nothing`, { pinned: true })).status,
    ).toBe(404);
    expect((await user.patch(path, { pinned: 'yes' })).status).toBe(422);
  });
});
