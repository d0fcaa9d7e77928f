// Writes openapi.json from the built application, or with --check compares it and fails when they differ. Either way the
// document is validated (swagger-parser) and linted (redocly's recommended rules).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import SwaggerParser from '@apidevtools/swagger-parser';
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
console.log('openapi.json is up to date and valid.');
process.exit(0);
