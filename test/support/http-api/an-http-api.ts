import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolsConfig } from '../../../src/config/app-config.js';
import { type HttpApi, httpApisSchema } from '../../../src/config/http-tools.schema.js';
import { Secret } from '../../../src/config/secret.js';

export const SHOP_31 = fileURLToPath(new URL('../../../docs/examples/shop.openapi.yaml', import.meta.url));
export const SHOP_30 = fileURLToPath(new URL('../../data/openapi/shop-3.0.json', import.meta.url));

/** As PERCH_HTTP_TOOLS gives it: defaults filled in, checked. */
export function anHttpApi(given: Record<string, unknown>): HttpApi {
  return httpApisSchema.parse([
    { name: 'shop', document: SHOP_31, base_url: 'http://127.0.0.1:1/v1', ...given },
  ])[0]!;
}

export function aToolsConfig(
  apis: readonly Record<string, unknown>[],
  credentials: Readonly<Record<string, string>> = {},
): Pick<ToolsConfig, 'httpApis' | 'httpCredentials'> {
  return {
    httpApis: apis.map(anHttpApi),
    httpCredentials: new Map(Object.entries(credentials).map(([name, value]) => [name, new Secret(value)])),
  };
}

/** Writes an OpenAPI document with these paths into a file, and tells where it is. */
export function aDocumentFile(paths: unknown, more: Record<string, unknown> = {}): string {
  return aFile(
    'api.json',
    JSON.stringify({ openapi: '3.1.0', info: { title: 'Test', version: '1' }, paths, ...more }),
  );
}

export function aFile(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'perch-openapi-')), name);
  writeFileSync(file, text);
  return file;
}

/** An operation with what every operation needs. */
export function anOperation(given: Record<string, unknown> = {}): Record<string, unknown> {
  return { operationId: 'op', responses: { '200': { description: 'Fine.' } }, ...given };
}
