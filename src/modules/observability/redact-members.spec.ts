import { inspect } from 'node:util';
import { Secret } from '../../config/secret.js';
import { redactMembers } from './redact-members.js';

describe(redactMembers.name, () => {
  it.each([
    'password',
    'passwordHash',
    'authorization',
    'Authorization',
    'set-cookie',
    'cookies',
    'access_token',
    'refreshToken',
    'token_hash',
    'x-api-key',
    'apiKey',
    'apiKeys',
    'clientSecret',
    'credentials',
  ])('hides %s, wherever it stands', (name) => {
    const line = { [name]: 'canary', a: { [name]: ['canary'] }, b: [{ [name]: { c: 'canary' } }] };
    expect(JSON.stringify(redactMembers(line))).not.toContain('canary');
  });

  it('shows how many tokens there were, and whatever else is no secret', () => {
    const line = {
      event: 'agent.interaction',
      tokens_used: 17,
      max_tokens: 5,
      token: null,
      idempotency_key: 'abc',
      tools_used: ['calculator'],
      at: new Date(0),
      secretCount: 2,
    };
    expect(redactMembers(line)).toEqual(line);
  });

  it('leaves the given line as it is', () => {
    const line = Object.freeze({ password: 'x', a: Object.freeze({ token: 'y' }) });
    expect(redactMembers(line)).toEqual({ password: '[redacted]', a: { token: '[redacted]' } });
    expect(line.password).toBe('x');
  });

  it('shows errors without what is hung on them, wherever they stand', () => {
    const error = Object.assign(new Error('broken'), { headers: { a: 'canary' }, body: 'canary' });
    const clean = redactMembers({ reason: error, list: [error] });
    expect(inspect(clean, { depth: null })).not.toContain('canary');
    expect(clean).toMatchObject({ reason: { message: 'broken' }, list: [{ message: 'broken' }] });
  });

  it('ends, however deep or circular the line is', () => {
    const line: Record<string, unknown> = { a: 1 };
    line.self = line;
    expect(() => JSON.stringify(redactMembers(line))).not.toThrow();
  });

  it('keeps what knows by itself how to be shown', () => {
    expect(JSON.stringify(redactMembers({ url: new Secret('canary') }))).toBe('{"url":"[redacted]"}');
  });
});
