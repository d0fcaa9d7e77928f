/** One event of a stream, its bytes decoded. */
export interface SseEvent {
  /** The `event:` field; `undefined` when the event has none. */
  readonly name: string | undefined;
  /** The `data:` lines, joined by line feeds. */
  readonly data: string;
}

/** The stream breaks the limits of what a vendor may send. */
export class SseFormatError extends Error {}

const MAX_EVENT_BYTES = 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BOM = [0xef, 0xbb, 0xbf] as const;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts bytes into server-sent events. Lines end with LF or CR LF; they are decoded only when they are whole, so no
 * character is ever split. Comments and unknown fields are skipped. An event beyond the size limit throws
 * SseFormatError before more of it is held.
 */
export class SseFramer {
  /** The beginning of a line whose end has not arrived. */
  #partial: Buffer[] = [];
  #eventBytes = 0;
  #name: string | undefined;
  #data: string | undefined;
  #isFirstLine = true;

  /** The events that these bytes complete. */
  feed(chunk: Uint8Array): SseEvent[] {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const events: SseEvent[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      this.#count(end - start + 1);
      const line = this.#wholeLine(bytes.subarray(start, end));
      start = end + 1;
      const event = this.#take(line);
      if (event) events.push(event);
    }
    if (start < bytes.length) {
      this.#count(bytes.length - start);
      this.#partial.push(bytes.subarray(start));
    }
    return events;
  }

  /** The event that lacks only its blank line, when the bytes have ended. */
  end(): SseEvent | undefined {
    const line = this.#wholeLine(EMPTY);
    if (line.length > 0) this.#take(line);
    return this.#take(EMPTY);
  }

  #count(bytes: number): void {
    this.#eventBytes += bytes;
    if (this.#eventBytes > MAX_EVENT_BYTES)
      throw new SseFormatError(`An event exceeds ${MAX_EVENT_BYTES} bytes.`);
  }

  #wholeLine(rest: Buffer): Buffer {
    let line = rest;
    if (this.#partial.length > 0) {
      line = Buffer.concat([...this.#partial, rest]);
      this.#partial = [];
    }
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (BOM.every((byte, at) => line[at] === byte)) line = line.subarray(BOM.length);
    }
    return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
  }

  #take(line: Buffer): SseEvent | undefined {
    if (line.length === 0) {
      const event = this.#data === undefined ? undefined : { name: this.#name, data: this.#data };
      this.#name = undefined;
      this.#data = undefined;
      this.#eventBytes = 0;
      return event;
    }
    const colon = line.indexOf(COLON);
    if (colon === 0) {
      // Nothing of a comment is held, so a stream of nothing else is no oversized event.
      if (this.#data === undefined && this.#name === undefined) this.#eventBytes = 0;
      return undefined;
    }
    const field = line.toString('latin1', 0, colon === -1 ? line.length : colon);
    if (field !== 'data' && field !== 'event') return undefined;
    const from = colon === -1 ? line.length : line[colon + 1] === SPACE ? colon + 2 : colon + 1;
    const value = line.toString('utf8', from);
    if (field === 'event') this.#name = value;
    else this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    return undefined;
  }
}
