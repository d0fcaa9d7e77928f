// All tests, one size after the other and each in a process of its own: modules that Jest has loaded are never given back.
// Unit tests share nothing and run side by side; the others have servers in common. Arguments go to Jest.
import { spawnSync } from 'node:child_process';

const SIZES = [
  ['unit', '--maxWorkers=2'],
  ['medium', '--runInBand'],
  ['e2e', '--runInBand'],
];

const failed = SIZES.filter(([size, workers]) => {
  const jest = ['run', 'jest', '--', '--selectProjects', size, workers, '--passWithNoTests'];
  const { status } = spawnSync('npm', [...jest, ...process.argv.slice(2)], { stdio: 'inherit' });
  return status !== 0;
});
if (failed.length > 0) {
  console.error(`Failed: ${failed.map(([size]) => size).join(', ')}`);
  process.exit(1);
}
