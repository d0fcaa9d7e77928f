/** The whole of one answer, or of one stream of answers to one request. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Values, roughly: what parsing and checking cost time for. */
const MAX_VALUES = 30_000;
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

/** What a server sent is more than anybody should parse. */
export class AnswerTooLarge extends Error {
  constructor() {
    super('the answer is too large');
    this.name = 'AnswerTooLarge';
  }
}

/**
 * Counts what goes by of a JSON text or a stream of events with JSON in them: bytes, values, nesting. Throws
 * `AnswerTooLarge` before the rest is read, so that a small text cannot keep the parser busy for long.
 */
export class BodyBound {
  private bytes = 0;
  private values = 0;
  private depth = 0;
  private isInString = false;
  private isEscaped = false;

  pass(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    if (this.bytes > MAX_BYTES) throw new AnswerTooLarge();
    for (const byte of chunk) this.look(byte);
    if (this.values > MAX_VALUES || this.depth > MAX_DEPTH) throw new AnswerTooLarge();
  }

  private look(byte: number): void {
    if (byte === NEWLINE) {
      // No string of JSON goes over a line: an event begins from scratch.
      this.values += 1;
      this.isInString = this.isEscaped = false;
    } else if (this.isInString) {
      if (this.isEscaped) this.isEscaped = false;
      else if (byte === BACKSLASH) this.isEscaped = true;
      else if (byte === QUOTE) this.isInString = false;
    } else if (byte === QUOTE) this.isInString = true;
    // { and [
    else if (byte === 0x7b || byte === 0x5b) {
      this.values += 1;
      this.depth += 1;
    } else if (byte === 0x7d || byte === 0x5d) this.depth = Math.max(0, this.depth - 1);
    // ,
    else if (byte === 0x2c) this.values += 1;
  }
}

/** The same response, whose body ends in an `AnswerTooLarge` where it goes over the bound. */
export function boundedResponse(response: Response, onTooLarge: () => void): Response {
  if (!response.body) return response;
  const bound = new BodyBound();
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        try {
          bound.pass(chunk);
        } catch (error) {
          onTooLarge();
          throw error;
        }
        controller.enqueue(chunk);
      },
    }),
  );
  return new Response(body, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}
