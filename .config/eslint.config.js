import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const OUTBOUND = 'What leaves this process goes through OutboundClient (src/modules/tools/outbound).';

/** The files that may open connections themselves, and why. */
const WAYS_OUT = [
  // The guarded client itself.
  'src/modules/tools/outbound/{outbound-client,guarded-connector,network}.ts',
  // Model providers: addresses of the operator's, thousands of open streams, and no tool can choose where they lead.
  'src/modules/providers/wire/lean-fetch.ts',
  // The identity provider's keys: one address, of the operator's.
  'src/modules/auth/external/fetch-jwks.ts',
];

const NO_SANDBOX = ['node:vm', 'vm'].map((name) => ({ name, message: 'node:vm is no sandbox.' }));

/** What connects. What only listens, or looks at text, stays allowed. */
const CLIENTS = {
  http: ['request', 'get', 'Agent', 'globalAgent', 'ClientRequest', 'WebSocket'],
  https: ['request', 'get', 'Agent', 'globalAgent'],
  net: ['connect', 'createConnection'],
  tls: ['connect'],
};

const bothNames = (module, restriction) =>
  [module, `node:${module}`].map((name) => ({ ...restriction, name, message: OUTBOUND }));

const CLIENT_IMPORTS = [
  { name: 'undici', message: OUTBOUND },
  ...['http2', 'dgram', 'dns', 'dns/promises'].flatMap((module) => bothNames(module, {})),
  ...Object.entries(CLIENTS).flatMap(([module, names]) =>
    bothNames(module, { importNames: ['default', ...names], allowTypeImports: true }),
  ),
];

const CLIENT_PROPERTIES = [
  ...['fetch', 'WebSocket', 'EventSource'].flatMap((property) =>
    ['globalThis', 'global'].map((object) => ({ object, property, message: OUTBOUND })),
  ),
  ...Object.entries(CLIENTS).flatMap(([object, properties]) =>
    properties.map((property) => ({ object, property, message: OUTBOUND })),
  ),
];

const NO_ENVIRONMENT = {
  object: 'process',
  property: 'env',
  message: 'Read configuration through a slice from src/config.',
};

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'src/page/assets/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: './.config/tsconfig.check.json',
        tsconfigRootDir: new URL('..', import.meta.url).pathname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      '@typescript-eslint/no-restricted-imports': ['error', { paths: NO_SANDBOX }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.spec.ts'],
    rules: {
      'no-restricted-properties': ['error', NO_ENVIRONMENT, ...CLIENT_PROPERTIES],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: [...NO_SANDBOX, ...CLIENT_IMPORTS] }],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'ImportExpression > Literal[value=/^(undici|(node:)?(https?|http2|net|tls|dgram|dns|dns.promises|vm))$/]',
          message: OUTBOUND,
        },
      ],
      'no-restricted-globals': [
        'error',
        ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
          name,
          message: OUTBOUND,
        })),
      ],
    },
  },
  {
    files: ['src/config/**'],
    ignores: ['src/**/*.spec.ts'],
    rules: { 'no-restricted-properties': ['error', ...CLIENT_PROPERTIES] },
  },
  {
    files: WAYS_OUT,
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': ['error', NO_ENVIRONMENT],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: NO_SANDBOX }],
    },
  },
  {
    files: ['src/**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        setImmediate: 'readonly',
        clearTimeout: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
        TextDecoder: 'readonly',
        module: 'readonly',
        require: 'readonly',
      },
    },
  },
);
