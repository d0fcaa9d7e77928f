import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import type { Network } from '../../../src/modules/tools/outbound/network.js';
import { OutboundFailed } from '../../../src/modules/tools/outbound/outbound-errors.js';
import { isPublicAddress } from '../../../src/modules/tools/outbound/public-address.js';

/** A listener on loopback that stands for a server somewhere. */
export interface ASite {
  readonly port: number;
  readonly origin: string;
  /** Of HTTP sites: what came, in order. */
  readonly requests: IncomingMessage[];
  /** Connections that were ever made. */
  connections(): number;
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

export async function anHttpSite(listener: RequestListener): Promise<ASite> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  return listening(server, requests);
}

export async function anHttpsSite(
  tls: { readonly key: string; readonly cert: string },
  listener: RequestListener,
): Promise<ASite> {
  const requests: IncomingMessage[] = [];
  const server = createTlsServer(tls, (request, response) => {
    requests.push(request);
    listener(request, response);
  });
  server.on('tlsClientError', () => undefined);
  return listening(server, requests);
}

/** Speaks whatever it likes. */
export async function aTcpSite(onConnection: (socket: Socket) => void): Promise<ASite> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined).resume();
      onConnection(socket);
    }),
    [],
  );
}

async function listening(server: Server, requests: IncomingMessage[]): Promise<ASite> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * An internet in which 127.0.0.1 is a public address and all others are what they are; names lead where `names` says, one
 * list of addresses after the other, and the last one from then on.
 */
export function anInternet(
  sites: readonly ASite[],
  names: Readonly<Record<string, readonly (readonly string[])[]>> = { 'public.site': [['127.0.0.1']] },
): Network & { readonly asked: string[] } {
  const asked: string[] = [];
  const times = new Map<string, number>();
  return {
    asked,
    isPublic: (address) => address === '127.0.0.1' || isPublicAddress(address),
    ports: new Set([80, 443, ...sites.map(({ port }) => port)]),
    resolve: async (host) => {
      asked.push(host);
      const time = times.get(host) ?? 0;
      times.set(host, time + 1);
      const answers = names[host];
      if (!answers) throw new OutboundFailed('dns');
      return answers[Math.min(time, answers.length - 1)]!;
    },
  };
}
