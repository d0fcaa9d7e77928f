import { OutboundFailed } from '../../outbound/outbound-errors.js';
import type { ComputeSandbox } from '../../sandbox/compute-sandbox.js';
import { WorkerJobError } from '../../sandbox/run-in-worker.js';

/** What goes to the thread. */
export interface PageJob {
  readonly bytes: Uint8Array;
  /** `hard-html`: HTML that could not be read as a document in time; only its tags are taken off. */
  readonly kind: 'html' | 'hard-html' | 'text';
  /** As the server named it. */
  readonly charset: string | undefined;
  /** Of the page: links are made absolute with it. */
  readonly url: string;
  readonly startIndex: number;
  readonly maxCharacters: number;
  /** Of the text as a JSON string. */
  readonly maxJsonBytes: number;
}

/** What comes back. */
export interface PageText {
  /** Empty when there is none. */
  readonly title: string;
  /** From `startIndex` on, as much as may be given at once. */
  readonly text: string;
  readonly totalCharacters: number;
}

/** Nothing readable came of the page within its time and memory. */
export class UnreadablePage extends Error {
  constructor(readonly reason: WorkerJobError['reason']) {
    super(`the page cannot be read: ${reason}`);
    this.name = 'UnreadablePage';
  }
}

const DOCUMENT_MS = 4_000;
const PLAIN_MS = 2_000;
const MEMORY_MB = 192;
/** For waiting, twice perhaps. */
const WAIT_MS = 6_000;

/** The longest that reading may take. */
export const MAX_READING_MS = WAIT_MS + DOCUMENT_MS + PLAIN_MS;

const SCRIPT = new URL('./read-page.worker.js', import.meta.url);

/** Reads pages in threads of their own: HTML as Markdown, all else as it is. */
export class PageReader {
  constructor(private readonly sandbox: ComputeSandbox) {}

  /** Throws UnreadablePage; OutboundFailed, `busy`, when there is no place in time; the signal's reason when it fires. */
  async read(page: PageJob, owner: string, signal: AbortSignal): Promise<PageText> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(MAX_READING_MS)]);
    try {
      return await this.inThread(page, DOCUMENT_MS, owner, limit);
    } catch (error) {
      signal.throwIfAborted();
      const isTooHard = error instanceof UnreadablePage && page.kind === 'html';
      if (!isTooHard) throw error;
      return await this.inThread({ ...page, kind: 'hard-html' }, PLAIN_MS, owner, limit);
    }
  }

  private async inThread(
    input: PageJob,
    timeoutMs: number,
    owner: string,
    signal: AbortSignal,
  ): Promise<PageText> {
    try {
      return (await this.sandbox.run({
        script: SCRIPT,
        input,
        timeoutMs,
        memoryMb: MEMORY_MB,
        owner,
        signal,
      })) as PageText;
    } catch (error) {
      if (!(error instanceof WorkerJobError)) throw error;
      const { reason } = error;
      throw reason === 'busy' || reason === 'cancelled'
        ? new OutboundFailed('busy')
        : new UnreadablePage(reason);
    }
  }
}
