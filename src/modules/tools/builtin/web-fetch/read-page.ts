import { OutboundFailed } from '../../outbound/outbound-errors.js';
import { RequestSlots } from '../../outbound/request-slots.js';
import { runInWorker, WorkerJobError } from '../../sandbox/run-in-worker.js';

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

/** Pages that are read at the same time: each has a thread with a heap of its own. */
const CONCURRENCY = 4;
const DOCUMENT_MS = 4_000;
const PLAIN_MS = 2_000;
const MEMORY_MB = 192;

/** Longer than this nobody waits for a place. */
const MAX_WAIT_MS = 3_000;

/** The longest that reading may take. */
export const MAX_READING_MS = MAX_WAIT_MS + DOCUMENT_MS + PLAIN_MS;

// Run from sources, as tests do, there is no .js.
const SCRIPT = new URL(
  import.meta.url.endsWith('.ts') ? './read-page.worker.ts' : './read-page.worker.js',
  import.meta.url,
);

/** Reads pages in threads of their own: HTML as Markdown, all else as it is. */
export class PageReader {
  private readonly places = new RequestSlots(CONCURRENCY);

  /** Throws UnreadablePage; OutboundFailed, `busy`, when there is no place in time; the signal's reason when it fires. */
  async read(page: PageJob, signal: AbortSignal): Promise<PageText> {
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(new OutboundFailed('busy')), MAX_WAIT_MS);
    return this.places
      .run(AbortSignal.any([signal, wait.signal]), async () => {
        clearTimeout(timer);
        try {
          return await inThread(page, DOCUMENT_MS, signal);
        } catch (error) {
          const isTooHard = error instanceof UnreadablePage && error.reason !== 'cancelled';
          if (page.kind !== 'html' || !isTooHard) throw error;
          return inThread({ ...page, kind: 'hard-html' }, PLAIN_MS, signal);
        }
      })
      .finally(() => clearTimeout(timer));
  }
}

async function inThread(input: PageJob, timeoutMs: number, signal: AbortSignal): Promise<PageText> {
  try {
    return (await runInWorker({
      script: SCRIPT,
      input,
      timeoutMs,
      memoryMb: MEMORY_MB,
      signal,
    })) as PageText;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof WorkerJobError ? new UnreadablePage(error.reason) : error;
  }
}
