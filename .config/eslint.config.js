import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const OUTBOUND = 'Outbound requests of tools go through OutboundClient (src/modules/tools/outbound).';
const NO_SANDBOX = 'node:vm is no sandbox.';

/** The files that may open connections of their own, and why. All others go through these. */
const OUTBOUND_FILES = [
  // The guarded client of tools itself.
  'src/modules/tools/outbound/{outbound-client,guarded-connector,network}.ts',
  // Calls models at the addresses that the operator configured, streaming, over a pool of its own.
  'src/modules/providers/wire/lean-fetch.ts',
  // Posts to the one address that the operator configured; no text of a model or a user chooses it.
  'src/modules/agent/spending/alert-webhook.ts',
];

const unsafeImports = [
  { name: 'node:vm', message: NO_SANDBOX },
  { name: 'vm', message: NO_SANDBOX },
];
const bothNames = (name, restriction) => [
  { ...restriction, name, message: OUTBOUND },
  { ...restriction, name: `node:${name}`, message: OUTBOUND },
];
/** What only listens, or looks at text, stays allowed. */
const outboundImports = [
  { name: 'undici', message: OUTBOUND },
  ...['http2', 'dgram', 'dns', 'dns/promises'].flatMap((name) => bothNames(name, {})),
  ...['http', 'https'].flatMap((name) =>
    bothNames(name, {
      importNames: ['default', 'request', 'get', 'Agent', 'globalAgent', 'ClientRequest', 'WebSocket'],
    }),
  ),
  ...bothNames('net', { importNames: ['default', 'connect', 'createConnection'] }),
  ...bothNames('tls', { importNames: ['default', 'connect'] }),
];

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
      'no-restricted-imports': ['error', { paths: unsafeImports }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Read configuration through a slice from src/config.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [...OUTBOUND_FILES, 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
          name,
          message: OUTBOUND,
        })),
      ],
      'no-restricted-imports': ['error', { paths: [...unsafeImports, ...outboundImports] }],
      // Other ways to the same.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[object.name=/^(globalThis|global)$/]:matches([property.name=/^(fetch|WebSocket|EventSource)$/], [property.value=/^(fetch|WebSocket|EventSource)$/])',
          message: OUTBOUND,
        },
        {
          selector:
            'ImportExpression[source.value=/^(undici|(node:)?(https?|http2|net|tls|dgram|dns|dns.promises))$/]',
          message: OUTBOUND,
        },
      ],
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
