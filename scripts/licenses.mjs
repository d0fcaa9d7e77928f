// npm run licenses: the licence of everything that is installed with Perch (development tools are not), against a list of those
// that let anybody use it for anything. Fails on any other, and on none. Reads package-lock.json and what is installed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2] ?? '.';

const ALLOWED = new Set([
  ...[
    '0BSD',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'ISC',
    'MIT',
    'MIT-0',
    'Unlicense',
  ],
  // Both of argparse, which came from Python.
  ...['PSF-2.0', 'Python-2.0'],
]);

/** Packages that say it elsewhere than in their package.json: where. */
const ELSEWHERE = { 'pause@0.0.1': 'MIT' /* its Readme.md */ };

const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

function licenceOf(path, locked, name) {
  const manifest = join(path, 'package.json');
  // What is not for this platform is not there.
  const { license, licenses } = existsSync(join(root, manifest)) ? read(manifest) : locked;
  const found = license ?? licenses?.map(({ type }) => type).join(' OR ');
  return (typeof found === 'object' ? found.type : found) || ELSEWHERE[`${name}@${locked.version}`];
}

/** An SPDX expression: one of its alternatives has to be allowed as a whole. */
const isAllowed = (expression) =>
  expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((alternative) => alternative.split(' AND ').every((id) => ALLOWED.has(id.trim())));

const installed = Object.entries(read('package-lock.json').packages).filter(
  ([path, { dev }]) => path && !dev,
);
const counts = new Map();
const faults = [];
for (const [path, locked] of installed) {
  const name = locked.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const licence = licenceOf(path, locked, name);
  counts.set(licence, (counts.get(licence) ?? 0) + 1);
  if (!licence || !isAllowed(licence)) faults.push(`${name}@${locked.version}: ${licence ?? 'no licence'}`);
}

for (const [licence, count] of [...counts].sort(([, a], [, b]) => b - a)) console.log(`${count}\t${licence}`);
if (faults.length > 0) {
  console.error(`Not on the list of licences in scripts/licenses.mjs:\n${faults.join('\n')}`);
  process.exit(1);
}
