/** The whole of one answer, or of one stream of answers to one request. */
const MAX_BYTES = 2 * 1024 * 1024;
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
    // In local variables: this runs for every byte that any server sends.
    let { values, depth, isInString, isEscaped } = this;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (isInString && byte !== NEWLINE) {
        if (isEscaped) isEscaped = false;
        else if (byte === QUOTE) isInString = false;
        else if (byte === BACKSLASH) isEscaped = true;
        continue;
      }
      switch (byte) {
        case NEWLINE:
          // No string of JSON goes over a line: an event begins from scratch.
          isInString = isEscaped = false;
          values += 1;
          break;
        case QUOTE:
          isInString = true;
          break;
        case 0x7b: // {
        case 0x5b: // [
          depth += 1;
          values += 1;
          break;
        case 0x7d: // }
        case 0x5d: // ]
          depth -= 1;
          break;
        case 0x2c: // ,
          values += 1;
          break;
      }
      if (depth > MAX_DEPTH || values > MAX_VALUES) throw new AnswerTooLarge();
      if (depth < 0) depth = 0;
    }
    Object.assign(this, { values, depth, isInString, isEscaped });
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
