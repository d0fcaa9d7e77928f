// Writes openapi.json from the built application, or with --check compares it and fails when they differ. Either way the
// document is validated (swagger-parser), linted (redocly's recommended rules), and a typed client is generated from it
// and compiled.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import SwaggerParser from '@apidevtools/swagger-parser';
import openapiTypescript, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { createConfig, formatProblems, getTotals, lint } from '@redocly/openapi-core';
import { loadConfig } from '../dist/config/load-config.js';
import { createApp } from '../dist/create-app.js';
import { buildOpenApiDocument } from '../dist/openapi.js';

const file = fileURLToPath(new URL('../openapi.json', import.meta.url));
const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent' });
const app = await createApp(config, { preview: true });
await app.init();
const text = `${JSON.stringify(buildOpenApiDocument(app, config.process.version), null, 2)}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error(
      'openapi.json is not what the built application serves. Run: npm run build && npm run openapi',
    );
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}

await SwaggerParser.validate(JSON.parse(text));
const problems = await lint({ ref: file, config: await createConfig({ extends: ['recommended'] }) });
const totals = getTotals(problems);
if (problems.length > 0) formatProblems(problems, { format: 'codeframe', totals, version: '' });
if (totals.errors + totals.warnings > 0) process.exit(1);

const client = `${astToString(await openapiTypescript(new URL('../openapi.json', import.meta.url)))}
type Chat = paths['/api/v1/agent/chat']['post'];
export const body: Chat['requestBody']['content']['application/json'] = { message: 'Hello' };
export const contentOf = (answer: Chat['responses'][200]['content']['application/json']): string => answer.content;
`;
const folder = mkdtempSync(join(tmpdir(), 'perch-client-'));
const source = join(folder, 'client.ts');
writeFileSync(source, client);
const program = ts.createProgram([source], {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  types: [],
});
const diagnostics = ts.getPreEmitDiagnostics(program);
rmSync(folder, { recursive: true });
if (diagnostics.length > 0) {
  console.error(
    ts.formatDiagnostics(diagnostics, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    }),
  );
  process.exit(1);
}
console.log('openapi.json is up to date and valid, and a typed client of it compiles.');
process.exit(0);
