import { AppError, notFound, validationFailed } from './app-error.js';
import { INTERNAL_DETAIL, toProblem } from './problem-catalog.js';

describe(toProblem.name, () => {
  it('puts everything that an error says for callers into the problem, and its cause nowhere', () => {
    const error = new AppError('rate-limited', 'budget_exceeded', {
      detail: 'The budget of this day is used up.',
      extensions: { scope: 'daily_cost', limit: '1.00' },
      retryAfterSeconds: 12,
      cause: new Error('canary'),
    });
    const problem = toProblem(error, { instance: '/api/v1/agent/chat', requestId: 'r1' });
    expect(problem).toEqual({
      type: 'urn:perch:problem:budget_exceeded',
      title: 'Too many requests',
      status: 429,
      detail: 'The budget of this day is used up.',
      instance: '/api/v1/agent/chat',
      code: 'budget_exceeded',
      request_id: 'r1',
      scope: 'daily_cost',
      limit: '1.00',
      retry_after_s: 12,
    });
  });

  it.each([new TypeError('canary'), 'canary', { message: 'canary' }, undefined, null])(
    'makes a bare 500 of what it does not know: %p',
    (thrown) => {
      expect(toProblem(thrown, { requestId: 'r1' })).toEqual({
        type: 'urn:perch:problem:internal',
        title: 'Internal error',
        status: 500,
        detail: INTERNAL_DETAIL,
        code: 'internal',
        request_id: 'r1',
      });
    },
  );

  it('lists the faults of a request by pointer', () => {
    const errors = [{ pointer: '/message', detail: 'must be a string' }];
    expect(toProblem(validationFailed(errors))).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors,
    });
  });

  it('has one answer for whatever is not there', () => {
    expect(toProblem(notFound())).toEqual(toProblem(notFound()));
  });
});

describe(AppError.name, () => {
  it('is an error with a stack, its code and its cause, for the log', () => {
    const cause = new Error('why');
    const error = new AppError('conflict', 'run_conflict', { detail: 'Busy.', cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.cause]).toEqual(['AppError', 'run_conflict: Busy.', cause]);
    expect(error.stack).toContain('problem-catalog.spec');
  });
});
