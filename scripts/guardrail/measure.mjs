// Runs the shipped detector over a folder of sets and prints a table: npm run guardrail:measure -- <folder> [flag] [block]
import './typescript.mjs';
import { readSets, TOOL_SETS } from './sets.mjs';
const { detect } = await import('../../src/modules/agent/guardrails/detector/detect.ts');
const { loadModel } = await import('../../src/modules/agent/guardrails/model/load-model.ts');

export const DIRECT = [
  'atk_deepset',
  'atk_cyberseceval_direct',
  'atk_cyberseceval_multilingual',
  'atk_giskard',
  'atk_promptinject',
  'atk_sysprompt_extraction',
  'atk_tensortrust_hijack',
  'atk_tensortrust_extract',
  'atk_obfuscated',
  'jb_inthewild',
];
export const USER_BENIGN = [
  'ben_deepset',
  'ben_cyber_frr',
  'ben_notinject',
  'ben_wildguard',
  'ben_chat',
  'ben_xstest_safe',
  'ben_hard',
];

const [folder, flagAt = '0.5', blockAt = '0.8', toolFlagAt = '0.5'] = process.argv.slice(2);
if (!folder) {
  console.error(
    'Usage: npm run guardrail:measure -- <folder of .jsonl> [flag score] [block score] [flag score of tool text]',
  );
  process.exit(1);
}
const model = loadModel();
const percent = (share) => (100 * share).toFixed(1).padStart(6);
const timesOf = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return [0.5, 0.99]
    .map((q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(2).padStart(7))
    .join('');
};

// The first texts compile the code.
for (let round = 0; round < 200; round += 1)
  detect(model, `warm up ${round} ignore all previous instructions`, 'user');

console.log(`${'set'.padEnd(38)}origin     n  flagged  blocked   p50 ms p99 ms`);
const flaggedShare = new Map();
for (const { name, half, rows } of readSets(folder)) {
  const origin = TOOL_SETS.test(name) ? 'tool' : 'user';
  const times = [];
  const labels = new Map();
  for (const { text, label } of rows) {
    const start = performance.now();
    const { score } = detect(model, text, origin);
    times.push(performance.now() - start);
    labels.set(label, [...(labels.get(label) ?? []), score]);
  }
  for (const [label, scores] of [...labels].sort()) {
    const share = (limit) => scores.filter((score) => score >= Number(limit)).length / scores.length;
    const flagged = share(origin === 'tool' ? toolFlagAt : flagAt);
    flaggedShare.set(name, flagged);
    const title = `${name}${half && `.${half}`} ${label === 1 ? '(attacks)' : '(harmless)'}`;
    console.log(
      `${title.padEnd(46)}${origin} ${String(scores.length).padStart(5)}  ${percent(flagged)}   ${percent(origin === 'tool' ? 0 : share(blockAt))}  ${timesOf(times)}`,
    );
  }
}
for (const [title, names] of [
  ['direct attacks, macro', DIRECT],
  ['harmless texts of users, macro', USER_BENIGN],
]) {
  const known = names.filter((name) => flaggedShare.has(name));
  const mean = known.reduce((sum, name) => sum + flaggedShare.get(name), 0) / known.length;
  console.log(`${`${title} (${known.length} of ${names.length} sets)`.padEnd(57)}${percent(mean)}`);
}
