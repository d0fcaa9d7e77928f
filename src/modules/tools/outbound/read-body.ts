import { type Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { OutboundFailed } from './outbound-errors.js';

/** Beyond the bound, what the wire may carry: compressing makes bodies hardly longer. */
const WIRE_SLACK_BYTES = 64 * 1024;
const MAX_ENCODINGS = 2;

export interface ReadBody {
  readonly body: Uint8Array;
  readonly truncated: boolean;
}

/**
 * Takes a body off the wire and decompresses it, up to `maxBytes` after decompression; there it stops, and `source` is
 * destroyed. Throws OutboundFailed, `protocol`, for encodings other than gzip, deflate and br; else what the stream throws.
 */
export async function readBody(
  source: Readable,
  contentEncoding: string | null,
  maxBytes: number,
): Promise<ReadBody> {
  const encodings = encodingsOf(contentEncoding);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let wireBytes = 0;
  let isFull = false;
  let isWireCut = false;
  const collect = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const room = maxBytes - bytes;
      chunks.push(chunk.subarray(0, room));
      bytes += Math.min(room, chunk.length);
      isFull = chunk.length > room;
      done(isFull ? new Error('the bound is reached') : null);
    },
  });
  const wire = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const metered = async function* (first: Buffer): AsyncGenerator<Buffer> {
    for (let chunk = first; ;) {
      wireBytes += chunk.length;
      // An archive of nothing, as long as one likes.
      if (encodings.length > 0 && wireBytes > maxBytes + WIRE_SLACK_BYTES) {
        isWireCut = true;
        return;
      }
      yield chunk;
      const next = await wire.next();
      if (next.done) return;
      chunk = next.value;
    }
  };
  try {
    const first = await wire.next();
    if (first.done) return { body: new Uint8Array(), truncated: false };
    const decoders = encodings.map((encoding, index) =>
      decoderOf(encoding, index === 0 ? first.value : undefined),
    );
    await pipeline([Readable.from(metered(first.value)), ...decoders, collect]);
  } catch (error) {
    // Then it is the bound's own.
    if (!isFull) throw isZlibError(error) ? new OutboundFailed('protocol', error.code) : error;
  } finally {
    source.destroy();
  }
  return { body: Buffer.concat(chunks, bytes), truncated: isFull || isWireCut };
}

/** In the order of decoding. */
function encodingsOf(contentEncoding: string | null): string[] {
  const encodings = (contentEncoding ?? '')
    .split(',')
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== '' && encoding !== 'identity');
  if (encodings.length > MAX_ENCODINGS) throw new OutboundFailed('protocol');
  return encodings.reverse();
}

function decoderOf(encoding: string, first: Buffer | undefined): Duplex {
  // Bodies that end early are read as far as they go, as browsers do.
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(options);
    case 'deflate':
      // Some servers leave out the zlib header.
      return first && (first[0]! & 0x0f) !== 8 ? createInflateRaw(options) : createInflate(options);
    case 'br':
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
    default:
      throw new OutboundFailed('protocol');
  }
}

function isZlibError(error: unknown): error is Error & { code: string } {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(Z_|ERR__ERROR)/.test(code);
}
