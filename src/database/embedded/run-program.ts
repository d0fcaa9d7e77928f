import { spawn } from 'node:child_process';
import type { ServerUser } from './unprivileged-user.js';

/** Not ours: no secrets of Perch for the server, and the same messages and times everywhere. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

export interface ProgramResult {
  readonly isOk: boolean;
  /** What it printed, or why it could not be started. */
  readonly output: string;
}

/** Runs it to its end, or kills it after the time. Never throws. */
export function runProgram(
  file: string,
  args: readonly string[],
  user: ServerUser | undefined,
  timeoutMs: number,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(file, args, {
      ...user,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not the option of spawn(): its timer lives on when the program could not be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const end = (result: ProgramResult): void => {
      clearTimeout(timer);
      resolve(result);
    };
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => end({ isOk: false, output: error.message }));
    child.once('close', (code, signal) =>
      end({ isOk: code === 0, output: signal ? `${output}(ended by ${signal})` : output }),
    );
  });
}
