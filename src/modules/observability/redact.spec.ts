import fc from 'fast-check';
import { redact, redactValues } from './redact.js';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_';

describe(redact.name, () => {
  it.each([
    ['a database URL', 'connect postgres://perch:canary@db:5432/perch failed', 'canary'],
    ['a Redis URL without a user', 'rediss://:canary@cache:6379', 'canary'],
    ['a Bearer header', 'Authorization: Bearer canary0123456', 'canary'],
    ['a Basic header', 'authorization: basic Y2FuYXJ5OngK', 'Y2FuYXJ5'],
    ['a JSON Web Token', `token ${JWT} is expired`, 'eyJ'],
    ['a part of a cut JSON Web Token', `got ${JWT.slice(0, 40)}`, 'eyJhbGciOiJIUzI1NiJ9'],
    ['a key of OpenAI', 'Incorrect API key provided: sk-proj-canary_1234567', 'canary'],
    ['a key of Anthropic', 'x-api-key sk-ant-api03-canary', 'canary'],
    ['an API key of ours', 'pk_5f0c2a91_canary0123456', 'canary'],
    ['a refresh token of ours', 'prt_canary0123456', 'canary'],
    ['an access token in a query', '/agent?access_token=canary&x=1', 'canary'],
    ['a token in a query', '/agent?token=canary', 'canary'],
    ['an API key in a query', '/agent?api_key=canary', 'canary'],
    ['a key of Google', 'key AIzaSyCanary-0123456789_abcdefghijk', 'AIzaSyCanary'],
    ['a named password', 'password=canary&user=x', 'canary'],
    ['a password in JSON', '{"password":"canary","a":1}', 'canary'],
    ['a password in JSON in JSON', String.raw`{"body":"{\"password\":\"canary\"}"}`, 'canary'],
    ['a named token', 'refresh failed: token: canary', 'canary'],
    ['a named API key', 'api-key = canary', 'canary'],
  ])('removes %s', (_what, text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted]');
  });

  it.each([
    'listening at http://127.0.0.1:3000',
    'postgres://db:5432/perch',
    'GET /api/v1/auth/api-keys',
    'idempotency_key_reused',
    'key_not_found',
    'basic tier',
    'max_tokens 4096, tokens_used=17',
    '01a20d50-b6e1-7246-bfc0-d7bb8e4d7775',
    'the token bucket is empty',
  ])('leaves %j alone', (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe(redactValues.name, () => {
  it('leaves JSON JSON, whatever stands in it', () => {
    const parts = [
      'postgres://',
      'a:b@c',
      '"',
      '\\',
      'sk-',
      'abcdefgh1234',
      'Bearer ',
      JWT,
      '@',
      ':',
      ',',
      ' ',
      '\n',
    ];
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((chosen) => chosen.join(''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.dictionary(text, text), (texts, members) => {
        const line = JSON.stringify({ event: 'x', texts, members });
        const clean = JSON.parse(redactValues(line)) as { event: string; texts: string[] };
        expect(clean.event).toBe('x');
        expect(clean.texts).toHaveLength(texts.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes two members for two', () => {
    const line = '{"url":"http://127.0.0.1:3000","email":"a@example.com"}';
    expect(redactValues(line)).toBe(line);
  });
});
