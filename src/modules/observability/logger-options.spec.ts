import { Test } from '@nestjs/testing';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import type { Principal } from '../../shared/context/principal.js';
import { requestContext } from '../../shared/context/request-context.js';
import { createLogger, loggerOptions, NestLogger } from './logger-options.js';

type Line = Record<string, unknown>;

function destination(): { printed: string[]; write(text: string): void; lines(): Line[] } {
  const printed: string[] = [];
  return {
    printed,
    write: (text) => void printed.push(text),
    lines: () => printed.map((text) => JSON.parse(text) as Line),
  };
}

/** Nothing that was logged may hold it. */
const CANARY = 'canary-4711-0815';
const API_KEY = `sk-${CANARY}`;
const URL_WITH_PASSWORD = `postgres://perch:${CANARY}@db:5432/perch`;

class VendorError extends Error {
  override readonly name = 'VendorError';
  readonly headers = { authorization: `Bearer ${CANARY}` };
  readonly body = { error: { message: CANARY } };
}

describe(createLogger.name, () => {
  it('prints one JSON line with level, time and event', () => {
    const out = destination();
    createLogger({ logLevel: 'info' }, out).info({ event: 'perch.started', tokens_used: 3 });
    expect(out.printed[0]).toMatch(/^\{.*\}\n$/);
    expect(out.lines()).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), event: 'perch.started', tokens_used: 3 },
    ]);
  });

  it('adds the ids of request, run and user, and keeps those that a line brings itself', () => {
    const out = destination();
    const logger = createLogger({ logLevel: 'info' }, out);
    const principal = { userId: 'u1' } as Principal;
    requestContext.run({ requestId: 'r1', principal, runId: 'run1' }, () => {
      logger.info({ event: 'a' });
      logger.info({ event: 'b', request_id: 'r2', run_id: 'run2', user_id: 'u2' });
    });
    requestContext.run({ requestId: 'r3' }, () => logger.info({ event: 'c' }));
    logger.info({ event: 'd' });
    expect(out.lines()).toEqual([
      expect.objectContaining({ event: 'a', request_id: 'r1', run_id: 'run1', user_id: 'u1' }),
      expect.objectContaining({ event: 'b', request_id: 'r2', run_id: 'run2', user_id: 'u2' }),
      { level: 'info', time: expect.any(String), event: 'c', request_id: 'r3' },
      { level: 'info', time: expect.any(String), event: 'd' },
    ]);
  });

  it('prints an error as its type, message and stack', () => {
    const out = destination();
    createLogger({ logLevel: 'info' }, out).error({ event: 'x', err: new TypeError('broken') });
    expect(out.lines()[0]).toMatchObject({
      event: 'x',
      err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('logger-options.spec') },
    });
  });

  it.each<[string, (logger: ReturnType<typeof createLogger>) => void]>([
    ['an error', (logger) => logger.error(new VendorError(`bad key ${API_KEY}`))],
    ['an error in a line', (logger) => logger.error({ event: 'x', err: new VendorError(API_KEY) })],
    ['an error under another name', (logger) => logger.error({ event: 'x', reason: new VendorError('x') })],
    ['an error as a value of a text', (logger) => logger.error('failed: %s', new VendorError(API_KEY))],
    ['a cause', (logger) => logger.error({ err: new Error('x', { cause: new VendorError(API_KEY) }) })],
    ['a text', (logger) => logger.info(`connecting to ${URL_WITH_PASSWORD}`)],
    ['a text with a name', (logger) => logger.info(`login with password=${CANARY}`)],
    ['a value of a text', (logger) => logger.info('connecting to %s', URL_WITH_PASSWORD)],
    ['a member of any name', (logger) => logger.info({ event: 'x', note: `Bearer ${CANARY}` })],
    ['a member that is secret by name', (logger) => logger.info({ event: 'x', body: { password: CANARY } })],
    ['headers', (logger) => logger.info({ headers: { cookie: CANARY, 'x-api-key': CANARY } })],
    ['a child', (logger) => logger.child({ url: URL_WITH_PASSWORD }).info('x')],
    ['a parser that quotes', (logger) => logger.error({ err: faultOf(() => JSON.parse(`${CANARY}`)) })],
  ])('shows no secret in %s', (_where, log) => {
    const out = destination();
    log(createLogger({ logLevel: 'trace' }, out));
    expect(out.printed).toHaveLength(1);
    expect(() => out.lines()).not.toThrow();
    expect(out.printed[0]).not.toContain(CANARY);
  });

  it('is silent when told so', () => {
    const out = destination();
    createLogger({ logLevel: 'silent' }, out).fatal('x');
    expect(out.printed).toEqual([]);
  });
});

describe('the logger that is injected', () => {
  it('prints through the same, for us and for Nest', async () => {
    const out = destination();
    const module = await Test.createTestingModule({
      imports: [LoggerModule.forRoot(loggerOptions({ logLevel: 'debug' }, out))],
      providers: [NestLogger],
    }).compile();
    const logger = await module.resolve(PinoLogger);
    logger.error({ event: 'x', err: new VendorError(`bad key ${API_KEY}`) });
    const nest = module.get(NestLogger);
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.error(`cannot open ${URL_WITH_PASSWORD}`, `Error\n    at ${URL_WITH_PASSWORD}`, 'ExceptionHandler');
    nest.error(new VendorError(API_KEY));
    await module.close();
    expect(out.printed.join('')).not.toContain(CANARY);
    expect(out.lines()).toEqual([
      expect.objectContaining({
        level: 'error',
        event: 'x',
        err: expect.objectContaining({ type: 'VendorError' }),
      }),
      expect.objectContaining({ level: 'debug', message: 'Mapped {/x, GET} route' }),
      expect.objectContaining({
        level: 'error',
        err: expect.objectContaining({ stack: expect.any(String) }),
      }),
      expect.objectContaining({ level: 'error', err: expect.objectContaining({ type: 'VendorError' }) }),
    ]);
  });
});

function faultOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
