import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The project's own rules, without those that need the types of all files. */
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfigFile: '.config/eslint.config.js',
  overrideConfig: [tseslint.configs.disableTypeChecked],
});

async function rulesAgainst(code: string, filePath = 'src/modules/tools/planted.ts'): Promise<unknown[]> {
  const [result] = await eslint.lintText(code, { filePath });
  return result!.messages.map(({ ruleId, fatal, message }) => (fatal ? message : ruleId));
}

const IMPORTS = '@typescript-eslint/no-restricted-imports';

const BREACHES: readonly (readonly [code: string, rule: string])[] = [
  // Text that becomes code.
  [`eval('1');`, 'no-eval'],
  [`(0, eval)('1');`, 'no-eval'],
  [`globalThis.eval('1');`, 'no-restricted-properties'],
  [`new Function('return 1');`, 'no-new-func'],
  [`Function('return 1');`, 'no-new-func'],
  [`Function.apply(null, ['return 1']);`, 'no-new-func'],
  [`new globalThis.Function('return 1');`, 'no-restricted-properties'],
  [`[].constructor.constructor('return 1');`, 'no-restricted-syntax'],
  // No sandboxes.
  [`import vm from 'node:vm'; vm.runInNewContext('1');`, IMPORTS],
  [`import { Script } from 'vm'; export { Script };`, IMPORTS],
  [`export * from 'node:vm';`, IMPORTS],
  [`import { VM } from 'vm2'; export { VM };`, IMPORTS],
  [`import { VM } from 'vm2/lib/main'; export { VM };`, IMPORTS],
  [`import ivm from 'isolated-vm'; export { ivm };`, IMPORTS],
  [`import { Session } from 'node:inspector'; export { Session };`, IMPORTS],
  [`export const vm = await import('node:vm');`, 'no-restricted-syntax'],
  [`export const vm = process.getBuiltinModule('node:vm');`, 'no-restricted-properties'],
  // Loading by a name that is not written down.
  ['export const load = (name: string) => import(name);', 'no-restricted-syntax'],
  ['export const load = (name: string) => import(`./tools/${name}.js`);', 'no-restricted-syntax'],
  [`export const load = (name: string) => require(name);`, 'no-restricted-globals'],
  [`import { createRequire } from 'node:module'; export { createRequire };`, IMPORTS],
  // Other programs.
  [`import { exec } from 'node:child_process'; export { exec };`, IMPORTS],
  [`import { spawn } from 'child_process'; export { spawn };`, IMPORTS],
  [`export const { exec } = await import('child_process');`, 'no-restricted-syntax'],
  [`import cluster from 'node:cluster'; export { cluster };`, IMPORTS],
  [
    `import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'; export { StdioClientTransport };`,
    IMPORTS,
  ],
  // Ways out that are not guarded.
  [`await fetch('http://169.254.169.254/');`, 'no-restricted-globals'],
  [`await globalThis.fetch('http://169.254.169.254/');`, 'no-restricted-properties'],
  [`import { fetch as get } from 'undici'; export { get };`, IMPORTS],
  [`import type { Agent } from 'undici'; export type { Agent };`, IMPORTS],
  [`import { request } from 'node:http'; export { request };`, IMPORTS],
  [`import https from 'node:https'; https.get('https://x.example');`, IMPORTS],
  [`import { connect } from 'node:net'; export { connect };`, IMPORTS],
  [`import { connect } from 'node:tls'; export { connect };`, IMPORTS],
  [`import { lookup } from 'node:dns/promises'; export { lookup };`, IMPORTS],
  [`import { createSocket } from 'node:dgram'; export { createSocket };`, IMPORTS],
  [`export const undici = await import('undici');`, 'no-restricted-syntax'],
  [`export const socket = new WebSocket('wss://x.example');`, 'no-restricted-globals'],
  // Settings.
  [`export const key = process.env.AI_API_KEY;`, 'no-restricted-properties'],
];

/** Where something is needed it is allowed, and nothing else is with it. */
const EXCEPTIONS: readonly (readonly [file: string, allowed: string, still: string, rule: string])[] = [
  [
    'src/modules/tools/outbound/outbound-client.ts',
    `import { fetch } from 'undici'; export { fetch };`,
    `import { exec } from 'node:child_process'; export { exec };`,
    IMPORTS,
  ],
  [
    'src/database/embedded/run-program.ts',
    `import { spawn } from 'node:child_process'; export { spawn };`,
    `import { fetch } from 'undici'; export { fetch };`,
    IMPORTS,
  ],
  [
    'src/modules/tools/sandbox/worker-entry.ts',
    'export const load = (name: string) => import(name);',
    `export const vm = await import('node:vm');`,
    'no-restricted-syntax',
  ],
  [
    'src/config/environment.ts',
    'export const environment = process.env;',
    `export const vm = process.getBuiltinModule('node:vm');`,
    'no-restricted-properties',
  ],
];

describe('code that is not let in', () => {
  it.each(BREACHES)('%s', async (code, rule) => expect(await rulesAgainst(code)).toContain(rule));

  it.each(EXCEPTIONS)('%s may do what it is for, and no more', async (file, allowed, still, rule) => {
    expect(await rulesAgainst(allowed, file)).toEqual([]);
    expect(await rulesAgainst(still, file)).toContain(rule);
  });

  it('is not found in code that does none of it', async () => {
    const code = `import { isIP } from 'node:net'; export const is = (text: string): boolean => isIP(text) !== 0;`;
    expect(await rulesAgainst(code)).toEqual([]);
    expect(await rulesAgainst(`export const lazy = () => import('./other.js');`)).toEqual([]);
  });
});
