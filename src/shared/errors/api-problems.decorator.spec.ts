import { ApiProblems } from './api-problems.decorator.js';
import { AppError } from './app-error.js';

interface Documented {
  readonly description: string;
  readonly content: Record<string, { schema: object; example: Record<string, unknown> }>;
}

function documented(...problems: readonly (number | AppError)[]): Record<string, Documented> {
  class Routes {
    @ApiProblems(...problems)
    route(): void {}
  }
  return Reflect.getMetadata('swagger/apiResponse', Routes.prototype.route) as Record<string, Documented>;
}

const EVERY_STATUS = [400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504];

describe(ApiProblems.name, () => {
  it('gives each status of the contract an example that is such a problem', () => {
    const responses = documented(...EVERY_STATUS);
    expect(Object.keys(responses).map(Number)).toEqual(EVERY_STATUS);
    for (const [status, { content, description }] of Object.entries(responses)) {
      expect(description).not.toBe('');
      expect(content['application/problem+json']).toMatchObject({
        schema: { $ref: '#/components/schemas/ProblemDto' },
        example: { status: Number(status), code: expect.any(String), request_id: expect.any(String) },
      });
    }
  });

  it('shows the members that belong to a code', () => {
    const responses = documented(413, 422, 429);
    const exampleOf = (status: number): object =>
      responses[status]!.content['application/problem+json']!.example;
    expect(exampleOf(413)).toHaveProperty('limit_bytes');
    expect(exampleOf(422)).toHaveProperty('errors.0.pointer');
    expect(exampleOf(429)).toMatchObject({ scope: 'requests_per_minute', retry_after_s: expect.any(Number) });
  });

  it("takes a route's own error as its example", () => {
    const error = new AppError('conflict', 'email_taken', { detail: 'Taken.' });
    expect(documented(error)[409]).toMatchObject({
      description: '`email_taken`: Taken.',
      content: { 'application/problem+json': { example: { status: 409, code: 'email_taken' } } },
    });
  });

  it('refuses a status that the contract does not have', () => {
    expect(() => ApiProblems(418)).toThrow('418');
  });
});
