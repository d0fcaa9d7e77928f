import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { until } from '../until.js';
import { findRedisServer } from './find-servers.mjs';
import { freePort } from './free-port.js';

/** A Redis that belongs to one test, which may break it. It keeps nothing on disk: it comes back empty. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  /** Shuts it down in order. Resolves when the process is gone; does nothing to one that is down. Also the way to clean up. */
  stop(): Promise<void>;
  /** Starts it again on the same port. Resolves when it answers; does nothing to one that runs. */
  start(): Promise<void>;
  /** The crash: `kill -9`. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, new ones are accepted by the kernel, and nothing is answered. */
  pause(): void;
  /** SIGCONT: whatever was sent meanwhile is answered now. */
  resume(): void;
  /** FLUSHALL. */
  flush(): Promise<void>;
}

/** Starts a private Redis on a port of its own; resolves when it answers. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const binary = findRedisServer();
  if (binary === undefined) throw new Error('There is no redis-server on the PATH.');
  const server = new RedisProcess(binary, await freePort());
  await server.start();
  return server;
}

/** A suite that breaks a Redis of its own: left out where there is no redis-server, and the global setup has said so. */
export function describeWithOwnRedis(name: string, suite: () => void): void {
  if (findRedisServer() !== undefined) describe(name, suite);
}

class RedisProcess implements OwnRedis {
  readonly url: string;
  #child: ChildProcess | undefined;
  /** A test run that is cut off leaves no server behind. */
  readonly #onExit = (): void => void this.#child?.kill('SIGKILL');

  constructor(
    private readonly binary: string,
    readonly port: number,
  ) {
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    if (this.#child) return;
    const child = spawn(
      this.binary,
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--daemonize', 'no'],
        ...['--save', '', '--appendonly', 'no', '--dir', tmpdir()],
      ],
      { stdio: 'ignore' },
    );
    this.#child = child;
    process.once('exit', this.#onExit);
    child.once('exit', () => {
      process.off('exit', this.#onExit);
      this.#child = undefined;
    });
    await until(async () => {
      if (this.#child !== child) throw new Error(`redis-server does not start on port ${this.port}.`);
      return (await this.#say('PING').catch(() => '')) === '+PONG';
    });
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async flush(): Promise<void> {
    await this.#say('FLUSHALL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    // A paused process does not see the end coming.
    this.resume();
    this.#child?.kill(signal);
    await until(() => this.#child === undefined);
  }

  /** One command over one connection; no client library, whose own recovery would be in the way. */
  #say(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.port });
      socket.once('connect', () => socket.write(`${command}\r\n`));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString().trimEnd());
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('Redis closed the connection.')));
    });
  }
}
