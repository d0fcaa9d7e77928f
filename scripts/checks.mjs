// Everything that is checked without running the code, side by side. Says what failed, with all that it printed.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

const CHECKS = ['lint', 'types', 'format:check', 'check:deps', 'check:openapi', 'licenses'];

/** Resolves to what the script printed, and whether it was content. */
function run(script) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    child.once('close', (code) => resolve({ script, output, isFine: code === 0 }));
  });
}

const waiting = [...CHECKS];
const failed = [];
async function work() {
  for (let script = waiting.shift(); script; script = waiting.shift()) {
    const { output, isFine } = await run(script);
    console.log(`${isFine ? 'ok    ' : 'FAILED'} ${script}`);
    if (isFine) continue;
    failed.push(script);
    console.log(output);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  process.exit(1);
}
