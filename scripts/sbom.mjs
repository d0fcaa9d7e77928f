// npm run sbom [-- FILE]: what is installed with Perch as a CycloneDX document (dist/sbom.cdx.json; `-`: standard output).
// `npm sbom --omit dev` leaves out whatever a development tool needs as well (express, for one), so npm is asked for all,
// and the lock file for what belongs to Perch itself.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const MODULES = 'node_modules/';
const file = process.argv[2] ?? 'dist/sbom.cdx.json';

const read = (name) => JSON.parse(readFileSync(name, 'utf8'));

/** By name and version. Optional ones are for other platforms, in part: they may be missing. */
const wanted = new Map(
  Object.entries(read('package-lock.json').packages)
    .filter(([path, { dev }]) => path && !dev)
    .map(([path, { name, version, optional, devOptional }]) => [
      `${name ?? path.slice(path.lastIndexOf(MODULES) + MODULES.length)}@${version}`,
      { isOptional: Boolean(optional ?? devOptional) },
    ]),
);

const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const whole = JSON.parse(text);
const idOf = ({ name, version }) => `${name}@${version}`;
const components = whole.components
  .filter((component) => wanted.has(idOf(component)))
  // Said of one of two copies, of which the other is not for development.
  .map((component) => ({
    ...component,
    properties: component.properties?.filter(({ name }) => name !== 'cdx:npm:package:development'),
  }));

const found = new Set(components.map(idOf));
const missing = [...wanted].filter(([id, { isOptional }]) => !isOptional && !found.has(id)).map(([id]) => id);
if (missing.length > 0) {
  console.error(`npm has left out: ${missing.join(', ')}`);
  process.exit(1);
}

const kept = new Set([whole.metadata.component, ...components].map((component) => component['bom-ref']));
const document = {
  ...whole,
  // npm names it after the folder.
  metadata: {
    ...whole.metadata,
    component: { ...whole.metadata.component, name: read('package.json').name },
  },
  components,
  dependencies: whole.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) })),
};
const written = `${JSON.stringify(document, null, 2)}\n`;
if (file === '-') process.stdout.write(written);
else {
  writeFileSync(file, written);
  console.log(`${file}: ${components.length} components`);
}
