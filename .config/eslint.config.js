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

/** The files that may start another program: the embedded database, and MCP servers that an operator has configured. */
const STARTS_PROGRAMS = [
  'src/database/embedded/{postmaster,run-program}.ts',
  'src/modules/tools/mcp/client/stdio-transport.ts',
];

/** The files that may load what they have no fixed name for: workers, and binaries that depend on the platform. */
const LOADS_BY_NAME = [
  'src/database/embedded/binaries.ts',
  'src/modules/tools/builtin/run-code/quickjs-wasm.ts',
  'src/modules/tools/sandbox/worker-entry.ts',
  'src/modules/providers/embeddings/local/local-embedding.worker.ts',
];

const bothNames = (module, restriction) =>
  [module, `node:${module}`].map((name) => ({ ...restriction, name }));

const NO_SANDBOX = [
  ...bothNames('vm', { message: 'node:vm is no sandbox.' }),
  ...['vm2', 'isolated-vm'].map((name) => ({
    name,
    message: `${name} is no sandbox: code of others runs in ComputeSandbox.`,
  })),
  ...['inspector', 'inspector/promises', 'repl', 'wasi'].flatMap((name) =>
    bothNames(name, { message: 'It runs code that is given as text.' }),
  ),
];

const PROGRAMS = 'Only the files in STARTS_PROGRAMS (.config/eslint.config.js) start other programs.';
const PROGRAM_IMPORTS = [
  ...['child_process', 'cluster'].flatMap((name) => bothNames(name, { message: PROGRAMS })),
  ...['@modelcontextprotocol/client/stdio', 'cross-spawn', 'execa'].map((name) => ({
    name,
    message: PROGRAMS,
  })),
];

const LOADING = 'What is loaded has a fixed name, except in LOADS_BY_NAME (.config/eslint.config.js).';
const LOADER_IMPORTS = bothNames('module', { message: LOADING });

/** What connects. What only listens, or looks at text, stays allowed. */
const CLIENTS = {
  http: ['request', 'get', 'Agent', 'globalAgent', 'ClientRequest', 'WebSocket'],
  https: ['request', 'get', 'Agent', 'globalAgent'],
  net: ['connect', 'createConnection'],
  tls: ['connect'],
};

const CLIENT_IMPORTS = [
  { name: 'undici', message: OUTBOUND },
  ...['http2', 'dgram', 'dns', 'dns/promises'].flatMap((module) => bothNames(module, { message: OUTBOUND })),
  ...Object.entries(CLIENTS).flatMap(([module, names]) =>
    bothNames(module, { importNames: ['default', ...names], allowTypeImports: true, message: OUTBOUND }),
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

/** Ways around the imports, and text that becomes code. */
const CODE_PROPERTIES = [
  ...['getBuiltinModule', 'binding', '_linkedBinding', 'dlopen'].map((property) => ({
    object: 'process',
    property,
    message: LOADING,
  })),
  ...['eval', 'Function'].flatMap((property) =>
    ['globalThis', 'global'].map((object) => ({
      object,
      property,
      message: 'Text does not become code here.',
    })),
  ),
];

const CONSTRUCTOR_OF_FUNCTIONS = {
  selector: "MemberExpression[property.name='constructor'][object.property.name='constructor']",
  message: 'Text does not become code here.',
};

const KNOWN_IMPORTS =
  '/^(undici|(node:)?(https?|http2|net|tls|dgram|dns|dns.promises|vm|child_process|cluster|module|inspector|repl|wasi)|vm2|isolated-vm|cross-spawn|execa)$/';

/** What the application's files may not do; `allowed`: except for this. */
function restrict(allowed = {}) {
  const { connects = false, startsPrograms = false, loadsByName = false, readsEnvironment = false } = allowed;
  return {
    'no-restricted-properties': [
      'error',
      ...CODE_PROPERTIES,
      ...(readsEnvironment ? [] : [NO_ENVIRONMENT]),
      ...(connects ? [] : CLIENT_PROPERTIES),
    ],
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: [
          ...NO_SANDBOX,
          ...(connects ? [] : CLIENT_IMPORTS),
          ...(startsPrograms ? [] : PROGRAM_IMPORTS),
          ...(loadsByName ? [] : LOADER_IMPORTS),
        ],
        patterns: [{ group: ['vm2/*', 'undici/*', 'isolated-vm/*'], message: OUTBOUND }],
      },
    ],
    'no-restricted-syntax': [
      'error',
      CONSTRUCTOR_OF_FUNCTIONS,
      {
        selector: `ImportExpression > Literal[value=${KNOWN_IMPORTS}]`,
        message: 'Import it where it can be seen.',
      },
      ...(loadsByName ? [] : [{ selector: "ImportExpression[source.type!='Literal']", message: LOADING }]),
    ],
    'no-restricted-globals': [
      'error',
      ...(connects ? [] : ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest']).map((name) => ({
        name,
        message: OUTBOUND,
      })),
      { name: 'require', message: LOADING },
    ],
  };
}

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
  { files: ['src/**/*.ts'], ignores: ['src/**/*.spec.ts'], rules: restrict() },
  { files: ['src/config/**'], ignores: ['src/**/*.spec.ts'], rules: restrict({ readsEnvironment: true }) },
  { files: WAYS_OUT, rules: restrict({ connects: true }) },
  { files: STARTS_PROGRAMS, rules: restrict({ startsPrograms: true }) },
  { files: LOADS_BY_NAME, rules: restrict({ loadsByName: true }) },
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
