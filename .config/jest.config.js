/* Three sizes of test, one runner. `unit` touches nothing outside the process; `medium` and `e2e` share real servers. */
import { fileURLToPath } from 'node:url';

const rootDir = fileURLToPath(new URL('..', import.meta.url));

const shared = {
  rootDir,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)(?<!\\.json)\\.js$': '$1' },
  setupFiles: ['<rootDir>/test/support/preload.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

export default {
  rootDir,
  // Nothing is meant to take so long; it is for machines that do several things at once.
  testTimeout: 20_000,
  // `npm run test:loop`: the loop is what everything rests on, and its own specs cover it whole.
  coverageProvider: 'v8',
  coverageReporters: ['text'],
  collectCoverageFrom: [
    'src/modules/agent/loop/*.ts',
    '!**/*.spec.ts',
    '!**/run-events.ts',
    '!**/output-screen.ts',
  ],
  coverageThreshold: { global: { statements: 100, branches: 100, functions: 100, lines: 100 } },
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/unit/**/*.spec.ts'],
    },
    {
      ...shared,
      displayName: 'medium',
      testMatch: ['<rootDir>/test/medium/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/servers/start.mjs',
      globalTeardown: '<rootDir>/test/support/servers/stop.mjs',
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/servers/start.mjs',
      globalTeardown: '<rootDir>/test/support/servers/stop.mjs',
    },
  ],
};
