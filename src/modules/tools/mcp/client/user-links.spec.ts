import { Secret } from '../../../../config/secret.js';
import type { McpClient } from './mcp-client.js';
import { UserLinks } from './user-links.js';

class FakeClient {
  isClosed = false;
  constructor(readonly credential: string) {}
  async close(): Promise<void> {
    this.isClosed = true;
  }
  retire(): void {
    this.isClosed = true;
  }
}

describe(UserLinks.name, () => {
  let made: FakeClient[];
  let links: UserLinks;
  let isDown: boolean;

  beforeEach(() => {
    made = [];
    isDown = false;
    links = new UserLinks(async (credential) => {
      if (isDown) throw new Error('down');
      const client = new FakeClient(credential.reveal());
      made.push(client);
      return client as unknown as McpClient;
    });
  });
  afterEach(() => links.close());

  it('makes one connection for a user, and another one for another credential or user', async () => {
    const first = await links.client('a', new Secret('one'));
    expect(await links.client('a', new Secret('one'))).toBe(first);
    await links.client('a', new Secret('two'));
    await links.client('b', new Secret('one'));
    expect(made.map(({ credential }) => credential)).toEqual(['one', 'two', 'one']);
  });

  it('keeps so many and closes the others', async () => {
    for (let user = 0; user < 40; user += 1) await links.client(`${user}`, new Secret('x'));
    await Promise.resolve();
    expect(made.filter(({ isClosed }) => isClosed)).toHaveLength(8);
    await links.close();
    expect(made.every(({ isClosed }) => isClosed)).toBe(true);
  });

  it('does not keep what failed, or what it is told to forget', async () => {
    isDown = true;
    await expect(links.client('a', new Secret('x'))).rejects.toThrow('down');
    isDown = false;
    await links.client('a', new Secret('x'));
    links.forget('a', new Secret('x'));
    await links.client('a', new Secret('x'));
    expect(made.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });
});
