import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../until.js';
import { ApiClient, readMetric } from './api-client.js';

const ENTRY = fileURLToPath(new URL('replica-main.mjs', import.meta.url));
const START_WITHIN_MS = 30_000;
const MAX_LOG_LINES = 10_000;

/** A line of the log. What is no JSON, such as a crash, is `{ raw }`. */
export interface LogLine {
  readonly [member: string]: unknown;
  readonly event?: string;
  readonly level?: string;
  readonly raw?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ReplicaSettings {
  readonly env: Readonly<Record<string, string>>;
  /** Its working directory; an empty one keeps a developer's `.env` out. */
  readonly folder: string;
}

type ReplicaProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** The built application as a process of its own. */
export class Replica {
  #process!: ReplicaProcess;
  #exited!: Promise<Exit>;
  #url: string | undefined;
  #lines: LogLine[] = [];

  private constructor(private readonly settings: ReplicaSettings) {}

  static async start(settings: ReplicaSettings): Promise<Replica> {
    const replica = new Replica(settings);
    await replica.#start();
    return replica;
  }

  /** Stays the same over restarts. */
  get url(): string {
    return this.#url!;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Of the present process. */
  get exited(): Promise<Exit> {
    return this.#exited;
  }

  /** What the present process printed, oldest first; the newest 10,000 lines. */
  get logs(): readonly LogLine[] {
    return this.#lines;
  }

  logged(event: string): LogLine[] {
    return this.#lines.filter((line) => line.event === event);
  }

  /** The first line with this `event`, or for which this holds; waits for it when it is not there yet. */
  async waitForLog(what: string | ((line: LogLine) => boolean), withinMs = 10_000): Promise<LogLine> {
    const matches = typeof what === 'string' ? (line: LogLine) => line.event === what : what;
    await until(() => this.#lines.some(matches), withinMs).catch((error: unknown) => {
      const events = this.#lines.map(({ event, raw }) => event ?? raw).slice(-30);
      throw new Error(`not logged: ${what.toString()}; there is: ${events.join(', ')}`, { cause: error });
    });
    return this.#lines.find(matches)!;
  }

  anonymous(): ApiClient {
    return new ApiClient(this.url);
  }

  metric(line: string): Promise<number> {
    return readMetric(this.url, line);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Dies without a word. */
  kill9(): Promise<Exit> {
    this.kill('SIGKILL');
    return this.#exited;
  }

  /** Is asked to end. */
  terminate(): Promise<Exit> {
    this.kill('SIGTERM');
    return this.#exited;
  }

  /** Stands still, with its connections open; requests to it wait. */
  pause(): void {
    this.kill('SIGSTOP');
  }

  resume(): void {
    this.kill('SIGCONT');
  }

  /** Starts it again after its end: the same settings, the same port. Its log begins anew. */
  async restart(): Promise<void> {
    if (this.isAlive) throw new Error('It still runs: kill9() or terminate() it first.');
    await this.#start();
  }

  async #start(): Promise<void> {
    const port = this.#url === undefined ? {} : { PORT: new URL(this.#url).port };
    const child = spawn(process.execPath, ['--enable-source-maps', ENTRY], {
      cwd: this.settings.folder,
      env: { PATH: process.env.PATH, ...this.settings.env, ...port },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    const lines: LogLine[] = [];
    this.#lines = lines;
    this.#exited = new Promise((resolve, reject) => {
      // `close` and not `exit`: by then everything that it printed has been read.
      child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }));
    });
    const started = new Promise<string>((resolve) => {
      const read = (text: string): void => {
        const line = toLogLine(text);
        if (lines.push(line) > MAX_LOG_LINES) lines.shift();
        if (line.event === 'perch.started') resolve(line.url as string);
      };
      createInterface(child.stdout).on('line', read);
      createInterface(child.stderr).on('line', read);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
    try {
      this.#url = await Promise.race([started, this.#exited.then((exit) => failToStart(exit, lines))]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function toLogLine(text: string): LogLine {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? (line as LogLine) : { raw: text };
  } catch {
    return { raw: text };
  }
}

function failToStart({ code, signal }: Exit, lines: readonly LogLine[]): never {
  const output = lines.map((line) => line.raw ?? JSON.stringify(line)).join('\n');
  throw new Error(`The replica ended with ${code ?? signal} before it had started:\n${output}`);
}
