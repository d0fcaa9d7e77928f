/*
 * Installs and builds, but only what is not up to date: a second `npm run quickstart` goes straight to the start. Plain
 * JavaScript for Node 20 and later, because the project's own Node arrives with the installation.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSTALL_STAMP = 'node_modules/.perch-install';
const BUILD_STAMP = 'dist/.perch-build';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const KILL_AFTER_MS = 2_000;

process.chdir(ROOT);

const packageJson = JSON.parse(readFileSync('package.json', 'utf8'));
const platform = `${process.platform}-${process.arch}`;

const installation = hash([
  platform,
  readFileSync('package-lock.json'),
  JSON.stringify([
    packageJson.dependencies,
    packageJson.optionalDependencies,
    packageJson.devDependencies,
    packageJson.overrides,
  ]),
]);
if (!isStamped(INSTALL_STAMP, installation)) {
  await run('Installing packages (a minute or so)', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(INSTALL_STAMP, installation);
}

const build = hash([
  installation,
  ...['package.json', 'tsconfig.json', 'nest-cli.json', ...filesBelow('src')].flatMap((file) => [
    file,
    readFileSync(file),
  ]),
]);
if (!isStamped(BUILD_STAMP, build) || !existsSync('dist/main.js')) {
  await run('Building', ['run', '--silent', 'build']);
  writeFileSync(BUILD_STAMP, build);
}

/** Tests are left out: a changed test is no reason to build. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() && !entry.name.endsWith('.spec.ts') ? [path] : [];
    });
}

/** Each part by its length first, so that no two lists of parts look the same. */
function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(`${Buffer.byteLength(part)}:`).update(part);
  return sum.digest('hex');
}

function isStamped(path, expected) {
  return existsSync(path) && readFileSync(path, 'utf8') === expected;
}

/**
 * Runs npm and ends with it. A signal to this process goes to all that npm has started, and what does not end soon is
 * killed: npm would finish unpacking first, and half an installation is made anew next time. A signal to the npm above us
 * ends only the shell between, so that a new parent means the same.
 */
async function run(title, args) {
  process.stdout.write(`${title} …\n`);
  const startedAt = performance.now();
  const child = spawn('npm', args, { stdio: 'inherit', detached: true });
  let stoppedBy;
  const stop = (signal) => {
    if (stoppedBy) return;
    stoppedBy = signal;
    killGroup(child.pid, signal);
    setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid === parent || stop('SIGTERM'), 250);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  clearInterval(watch);
  for (const signal of SIGNALS) process.off(signal, stop);
  if (stoppedBy) {
    killGroup(child.pid, 'SIGKILL');
    process.kill(process.pid, stoppedBy);
  } else if (code !== 0) {
    process.stderr.write(`"npm ${args.join(' ')}" failed.\n`);
    process.exit(code ?? 1);
  }
  process.stdout.write(`${title.split(' (')[0]}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

function killGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
  } catch {
    // All of it has ended.
  }
}
