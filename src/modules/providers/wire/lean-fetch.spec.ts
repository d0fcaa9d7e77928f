import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leanFetch } from './lean-fetch.js';

const MEGABYTE = 1024 * 1024;

describe('lean fetch', () => {
  const servers: Server[] = [];

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('sends method, path, headers and body, and reads status, headers and text', async () => {
    const url = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(418, { 'x-a': '1', 'set-cookie': ['b=2', 'c=3'] });
        response.end(
          `${request.method} ${request.url} ${String(request.headers['x-in'])} ${Buffer.concat(chunks).toString()}`,
        );
      });
    });
    const response = await leanFetch(`${url}/p/a?q=ü`, {
      method: 'POST',
      headers: { 'X-In': 'yes' },
      body: 'bödy',
    });

    expect({ status: response.status, ok: response.ok }).toEqual({ status: 418, ok: false });
    expect(response.headers).toBeInstanceOf(Headers);
    expect(response.headers.get('X-A')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['b=2', 'c=3']);
    expect(await response.text()).toBe('POST /p/a?q=%C3%BC yes bödy');
  });

  it('hands a redirect back instead of following it', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests++;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const response = await leanFetch(url);

    expect(response.status).toBe(302);
    expect(requests).toBe(1);
  });

  it('stops the sender when nobody reads, and loses nothing', async () => {
    const total = 64 * MEGABYTE;
    let accepted = 0;
    let isBlocked!: () => void;
    const blocked = new Promise<void>((resolve) => (isBlocked = resolve));
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(MEGABYTE);
      const send = (): void => {
        while (accepted < total) {
          accepted += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', send);
            setTimeout(isBlocked, 200);
            return;
          }
        }
        response.end();
      };
      send();
    });
    const response = await leanFetch(url);
    await blocked;
    const acceptedWhileUnread = accepted;
    let received = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) received += chunk.length;

    expect(acceptedWhileUnread).toBeLessThan(total / 2);
    expect(received).toBe(total);
  });

  it('delivers what had arrived before the connection broke, then fails', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('abc', () => setImmediate(() => response.socket?.resetAndDestroy()));
    });
    const response = await leanFetch(url);
    let text = '';
    const read = async (): Promise<void> => {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>)
        text += Buffer.from(chunk).toString();
    };

    await expect(read()).rejects.toThrow();
    expect(text).toBe('abc');
  });

  it('closes the socket when the body is left unread', async () => {
    let closed!: () => void;
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    const url = await serve((_request, response) => {
      response.on('close', closed);
      response.write('never ending');
    });
    const response = await leanFetch(url);
    for await (const _chunk of response.body as AsyncIterable<Uint8Array>) break;

    await isClosed;
  });

  it('rejects with the reason of an abort that comes while the connection is being made', async () => {
    let requests = 0;
    const url = await serve(() => requests++);
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const pending = leanFetch(url, { signal: abort.signal });
    abort.abort(reason);

    await expect(pending).rejects.toBe(reason);
    // The same connection serves the next request: had the first one been sent, it would have arrived before.
    const next = new AbortController();
    const second = leanFetch(url, { signal: next.signal });
    second.catch(() => undefined);
    await new Promise<void>((resolve) => servers[0]!.once('request', () => resolve()));
    next.abort(reason);
    expect(requests).toBe(1);
  });

  it('refuses bodies that are no text', async () => {
    await expect(leanFetch('http://127.0.0.1:1', { method: 'POST', body: Buffer.from('x') })).rejects.toThrow(
      TypeError,
    );
  });
});
