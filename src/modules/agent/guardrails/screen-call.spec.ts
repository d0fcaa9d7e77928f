import type { JsonValue } from '../../../shared/llm/json.js';
import { Secret } from '../../../config/secret.js';
import { configuredSecrets } from './configured-secrets.js';
import { canaryAutomaton, canaryOf } from './output/leaks/canary.js';
import { allowsHosts, hostsNamedIn } from './output/links/link-policy.js';
import { KnownSecrets } from './output/secrets/known-secrets.js';
import type { OutputFinding } from './output/output-filter.js';
import { RunOutput } from './run-output.js';
import { hadCanary, screenCall } from './screen-call.js';

const CANARY = canaryOf(Buffer.alloc(32, 9), 'a-conversation');
const AUTOMATON = canaryAutomaton(CANARY);

function screened(input: JsonValue, toolName = 'send'): ReturnType<typeof screenCall> {
  return screenCall(AUTOMATON, { toolCallId: 'c', toolName, input });
}

describe(screenCall.name, () => {
  it.each<[string, JsonValue]>([
    ['in a value', { to: 'me', text: `see ${CANARY.toUpperCase()}!` }],
    ['in the name of a member', { [CANARY]: 1 }],
    ['deep inside, in hex', { a: [{ b: Buffer.from(CANARY).toString('hex') }] }],
    ['over several values', { parts: [...CANARY] }],
    ['in no object', CANARY],
  ])('finds the canary %s, and takes it out', (_where, input) => {
    const call = screened(input);
    expect(hadCanary(call)).toBe(true);
    expect(JSON.stringify(call)).not.toMatch(new RegExp(CANARY, 'i'));
    expect(screenCall(AUTOMATON, call)).toBe(call);
  });

  it('finds it in a tool’s name and in arguments that are no JSON', () => {
    const named = screened({}, `x_${CANARY}`);
    expect(named.toolName).toBe('canary_removed');
    expect(hadCanary(named)).toBe(true);
    const broken = screenCall(AUTOMATON, {
      toolCallId: 'c',
      toolName: 'send',
      input: null,
      invalidInput: `{"a": "${CANARY}`,
    });
    expect(JSON.stringify(broken)).not.toContain(CANARY);
  });

  it('keeps what else there is, and calls without it as they are', () => {
    expect(screened({ to: 'me', text: CANARY }).input).toEqual({ to: 'me', text: '[canary removed]' });
    const call = { toolCallId: 'c', toolName: 'send', input: { to: 'me' } };
    expect(screenCall(AUTOMATON, call)).toBe(call);
    expect(hadCanary(call)).toBe(false);
  });
});

describe(configuredSecrets.name, () => {
  it('finds them wherever they are, and the passwords of URLs', () => {
    const slice = {
      key: new Secret('key-of-a-vendor'),
      all: new Map([['A', new Secret('credential')]]),
      list: [{ deep: { token: new Secret('token') } }],
      url: new Secret('postgres://perch:p%40ssword-of-it@db/perch'),
      none: undefined,
    };
    expect(configuredSecrets(slice)).toEqual([
      'key-of-a-vendor',
      'credential',
      'token',
      'postgres://perch:p%40ssword-of-it@db/perch',
      'p%40ssword-of-it',
      'p@ssword-of-it',
    ]);
  });
});

describe('where links may lead', () => {
  const isAllowed = allowsHosts(
    ['good.example', '*.under.example', 'BÜCHER.example'],
    () =>
      new Set(
        hostsNamedIn(
          'See https://Named.example/a?b, http://u:p@hidden.example and plain.example, not a@mail.example',
        ),
      ),
  );
  it.each([
    'https://good.example/a',
    'https://GOOD.example.:8443/',
    'https://a.b.under.example/',
    'https://bücher.example/',
    'https://named.example/x',
    'http://plain.example',
  ])('is allowed: %s', (url) => expect(isAllowed(new URL(url))).toBe(true));
  it.each([
    'https://a.good.example/',
    'https://under.example/',
    'https://xunder.example/',
    'https://good.example.evil.example/',
    'https://hidden.example/',
    'https://mail.example/',
  ])('is not: %s', (url) => expect(isAllowed(new URL(url))).toBe(false));
});

describe(RunOutput.name, () => {
  it('lets links through until the run has read what strangers wrote', () => {
    let hasReadUntrusted = false;
    const output = new RunOutput({
      canary: undefined,
      links: 'strip-untrusted',
      isAllowed: () => false,
      hasReadUntrusted: () => hasReadUntrusted,
      onFound: () => undefined,
      onCanaryInCall: () => undefined,
      recorded: () => Promise.resolve(),
    });
    const said = (): string => {
      const filter = output.filter();
      return filter.push('[a](https://evil.example/) ![b](https://evil.example/)') + filter.end();
    };
    expect(said()).toBe('[a](https://evil.example/) b');
    hasReadUntrusted = true;
    expect(said()).toBe('a b');
  });

  it('redacts secrets in the arguments of calls, for whoever sees them and for the tool', () => {
    const known = 'wB7-installation-secret';
    const found: OutputFinding[] = [];
    const output = new RunOutput({
      canary: AUTOMATON,
      secrets: new KnownSecrets([known]),
      links: 'off',
      isAllowed: () => false,
      hasReadUntrusted: () => false,
      onFound: (what) => found.push(what),
      onCanaryInCall: () => undefined,
      recorded: () => Promise.resolve(),
    });
    const call = { toolCallId: 'c', toolName: 'send' };
    const input = { q: `It is "${known}".`, list: [{ [known]: 'AKIAIOSFODNN7EXAMPLE', n: 1, no: null }] };
    expect(output.call({ ...call, input }).input).toEqual({
      q: 'It is "[redacted]".',
      list: [{ '[redacted]': '[redacted]', n: 1, no: null }],
    });
    expect(found).toEqual(['secret', 'secret', 'secret']);
    expect(output.call({ ...call, input: null, invalidInput: `{"q": "${known}` }).invalidInput).toBe(
      '{"q": "[redacted]',
    );
    expect(output.call({ ...call, toolName: `x_${known}`, input: {} }).toolName).toBe('secret_removed');
    const harmless = { ...call, input: { q: 'sk-learn' } };
    expect(output.call(harmless)).toBe(harmless);
  });
});
