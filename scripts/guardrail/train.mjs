// Trains the guardrail's model and writes it: npm run guardrail:train. The same data and sources give the same file.
import { writeFileSync } from 'node:fs';
import './typescript.mjs';
import { toolCorpus, userCorpus } from './corpus.mjs';
import { instancesOf, prepare } from './examples.mjs';
import { trainRegression } from './regression.mjs';
import { FLAG_ODDS, REGRESSION } from './settings.mjs';
const { DIMENSIONS } = await import('../../src/modules/agent/guardrails/detector/features.ts');
const { encodeModel } = await import('../../src/modules/agent/guardrails/detector/guardrail-model.ts');

const FILE = new URL('../../src/modules/agent/guardrails/model/guardrail-model.bin', import.meta.url);

function trainHead(corpus, origin) {
  const { weights, bias } = trainRegression(instancesOf(prepare(corpus, origin)), DIMENSIONS, REGRESSION);
  return { weights, bias: bias - FLAG_ODDS[origin] };
}

const user = userCorpus();
const tool = toolCorpus();
const file = encodeModel({ user: trainHead(user, 'user'), tool: trainHead(tool, 'tool') });
writeFileSync(FILE, file);
console.log(`${user.length} texts of users, ${tool.length} of tools: ${file.length} bytes.`);
