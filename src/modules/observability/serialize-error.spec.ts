import { AppError } from '../../shared/errors/app-error.js';
import { serializeError } from './serialize-error.js';

describe(serializeError.name, () => {
  it('keeps what finds a fault: type, message, code, stack and causes', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = new AppError('unavailable', 'dependency_unavailable', { detail: 'Away.', cause });
    expect(serializeError(error)).toEqual({
      type: 'AppError',
      message: 'dependency_unavailable: Away.',
      code: 'dependency_unavailable',
      stack: expect.stringMatching(/^AppError: dependency_unavailable: Away\.\n +at .*serialize-error\.spec/),
      cause: expect.objectContaining({
        type: 'Error',
        message: 'connect ECONNREFUSED',
        code: 'ECONNREFUSED',
      }),
    });
  });

  it('drops what drivers and SDKs hang on their errors', () => {
    const error = Object.assign(new Error('500 from the vendor'), {
      request: { headers: { authorization: 'canary' } },
      response: { body: 'canary' },
      query: "INSERT INTO message VALUES ('canary')",
      parameters: ['canary'],
      detail: 'Key (email)=(canary) already exists.',
    });
    expect(JSON.stringify(serializeError(error))).not.toContain('canary');
  });

  it('removes secrets from messages, stacks and causes', () => {
    const url = 'postgres://perch:canary@db/perch';
    const error = new Error(`cannot open ${url}`, {
      cause: new Error(`bad key sk-canary-0123456789 for ${url}`),
    });
    expect(JSON.stringify(serializeError(error))).not.toContain('canary');
  });

  it('shows nothing of the data that a parser or PostgreSQL quotes', () => {
    const parse = (): unknown => JSON.parse('canary {');
    let syntaxError: unknown;
    try {
      parse();
    } catch (error) {
      syntaxError = error;
    }
    expect((syntaxError as Error).message).toContain('canary');
    expect(JSON.stringify(serializeError(syntaxError))).not.toContain('canary');

    const dataFault = Object.assign(new Error('invalid input syntax for type uuid: "my "canary" text"'), {
      code: '22P02',
    });
    expect(serializeError(dataFault)).toMatchObject({ message: 'invalid input syntax for type uuid: "…"' });
    expect(JSON.stringify(serializeError(dataFault))).not.toContain('canary');
  });

  it('keeps the names that PostgreSQL quotes of a broken constraint', () => {
    const error = Object.assign(new Error('violates unique constraint "run_active"'), { code: '23505' });
    expect(serializeError(error).message).toContain('"run_active"');
  });

  it('takes whatever was thrown', () => {
    expect(serializeError('token=canary')).toEqual({ type: 'string', message: 'token=[redacted]' });
    expect(JSON.stringify(serializeError({ authorization: 'canary' }))).not.toContain('canary');
    expect(serializeError(undefined)).toEqual({ type: 'undefined', message: 'undefined' });
  });

  it('ends with causes that go in a circle', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    expect(JSON.stringify(serializeError(a)).length).toBeLessThan(20_000);
  });
});
