import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** However slowly it is read. */
const MAX_MS = 15 * 60_000;

/** Writes the lines as fast as they are read. Resolves when all are written, the reader has left, or it took too long. */
export async function streamExport(response: Response, lines: AsyncIterable<string>): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'content-disposition': 'attachment; filename="perch-export.ndjson"',
    'cache-control': 'no-store, no-transform',
  });
  try {
    await pipeline(Readable.from(lines), response, { signal: AbortSignal.timeout(MAX_MS) });
  } catch (error) {
    // Whoever reads it misses its last line, and knows.
    const { code } = error as { code?: unknown };
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ABORT_ERR') throw error;
  }
}
