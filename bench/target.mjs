// Starts a process to be measured and reads what the kernel says about it.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Forks `file` and waits for its first message (`{url}`); stderr is passed through. */
export async function startTarget(file, env = {}, nodeOptions = []) {
  const child = fork(file, {
    env: { ...process.env, ...env },
    execArgv: nodeOptions,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { url } = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready`)));
  });
  const ask = (what) =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send(what);
    });
  return {
    url,
    pid: child.pid,
    /** CPU seconds used so far, user and system. */
    cpuSeconds: () => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    rssBytes: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024,
    /** Bytes in use after a full collection; for targets that answer messages (perch.mjs, started with --expose-gc). */
    retainedBytes: async () => (await ask('memory')).retainedBytes,
    /** What the probe has seen since it was asked before (perch.mjs). */
    figures: () => ask('figures'),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}
