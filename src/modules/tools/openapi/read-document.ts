import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type SwaggerParser from '@apidevtools/swagger-parser';
import { DocumentFault, type OpenApiDocument } from './openapi-document.js';

const MAX_FILE_BYTES = 16_000_000;
/** Counted as often as aliases repeat them: a small YAML file may stand for a huge document. */
const MAX_NODES = 2_000_000;
const MAX_DEPTH = 200;
const MAX_FAULT_LENGTH = 600;
const VERSION = /^3\.[01]\.\d+$/;

/** References to other files and URLs are never followed, and those inside are resolved after the check. */
const OFFLINE = { resolve: { external: false, file: false, http: false }, timeoutMs: 30_000 } as const;

/**
 * Reads, checks and dereferences a document. Throws `DocumentFault`, whose message says what is wrong, without the file's
 * name.
 */
export async function readDocument(path: string): Promise<OpenApiDocument> {
  // Takes a while to load, and only installations with HTTP tools need it.
  const { default: SwaggerParser } = await import('@apidevtools/swagger-parser');
  const document = await parse(SwaggerParser, resolve(path));
  checkSize(document);
  if (!isObject(document) || typeof document.openapi !== 'string' || !VERSION.test(document.openapi)) {
    throw new DocumentFault('is no OpenAPI document of version 3.0 or 3.1');
  }
  try {
    // Checked while references are still references: resolved, a small document may be an endless tree.
    await SwaggerParser.validate(structuredClone(document) as never, {
      ...OFFLINE,
      dereference: { circular: 'ignore', excludedPathMatcher: () => true },
    });
    return (await SwaggerParser.dereference(document as never, OFFLINE)) as unknown as OpenApiDocument;
  } catch (error) {
    throw new DocumentFault(`is not valid: ${messageOf(error)}`);
  }
}

type Parser = Pick<typeof SwaggerParser, 'parse'>;

async function parse(parser: Parser, file: string): Promise<unknown> {
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile()) throw new DocumentFault('is not there, or is no file that can be read');
  if (stats.size > MAX_FILE_BYTES) throw new DocumentFault(`is larger than ${MAX_FILE_BYTES} bytes`);
  try {
    return await parser.parse(file, {
      ...OFFLINE,
      resolve: { external: false, http: false },
      parse: { text: false, binary: false },
    });
  } catch (error) {
    throw new DocumentFault(`cannot be read as OpenAPI 3.0 or 3.1: ${messageOf(error)}`);
  }
}

interface Node {
  readonly value: unknown;
  readonly depth: number;
  /** Below an `x-…`, where nobody reads: references there mean nothing. */
  readonly isExtension: boolean;
}

function checkSize(document: unknown): void {
  const left: Node[] = [{ value: document, depth: 0, isExtension: false }];
  let count = 0;
  for (let node = left.pop(); node; node = left.pop()) {
    if ((count += 1) > MAX_NODES) throw new DocumentFault(`has more than ${MAX_NODES} values`);
    if (node.depth > MAX_DEPTH) throw new DocumentFault(`is nested deeper than ${MAX_DEPTH}`);
    if (typeof node.value !== 'object' || node.value === null) continue;
    for (const [key, value] of Object.entries(node.value)) {
      const isInside = typeof value !== 'string' || value.startsWith('#') || node.isExtension;
      if (key === '$ref' && !isInside) {
        throw new DocumentFault(
          `refers to ${value.slice(0, 200)}: references to other files or URLs are not followed, bundle the document`,
        );
      }
      left.push({ value, depth: node.depth + 1, isExtension: node.isExtension || key.startsWith('x-') });
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, ' ').trim().slice(0, MAX_FAULT_LENGTH);
}
