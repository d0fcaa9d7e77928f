import { asUnavailable } from './dependency-errors.js';

const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });
const withCode = (code: string): Error => Object.assign(new Error('canary'), { code });

describe(asUnavailable.name, () => {
  it.each([
    ['a refused connection', withCode('ECONNREFUSED')],
    ['a lost connection', withCode('08006')],
    ['a server that shuts down', withCode('57P01')],
    ['too many connections', withCode('53300')],
    ['a standby', withCode('25006')],
    ['a statement that took too long', withCode('57014')],
    ['a Redis that is loading', reply('LOADING Redis is loading the dataset in memory')],
    ['a Redis that only reads', reply("READONLY You can't write against a read only replica.")],
    ['a Redis without memory', reply("OOM command not allowed when used memory > 'maxmemory'.")],
    ['a Redis that is a cluster', reply('MOVED 3999 127.0.0.1:6381')],
    ['a Redis that hangs', new Error('Command timed out')],
    ['a Redis that is away', new Error("Stream isn't writeable and enableOfflineQueue options is false")],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    [
      'one that the data layer wraps',
      Object.assign(new Error('QueryFailed'), { driverError: withCode('08003') }),
    ],
    ['one among the causes', new Error('a', { cause: new Error('b', { cause: withCode('ECONNRESET') }) })],
  ])('takes %s for a dependency that is away', (_what, error) => {
    const found = asUnavailable(error);
    expect(found).toMatchObject({ kind: 'unavailable', code: 'dependency_unavailable', cause: error });
    expect(found?.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(found?.detail).not.toContain('canary');
  });

  it.each([
    ['a broken constraint', withCode('23505')],
    ['somebody else’s words', new Error('BUSY doing nothing')],
    ['a fault in a command', reply('WRONGTYPE Operation against a key holding the wrong kind of value')],
    ['a fault in a statement', withCode('42601')],
    ['a bug', new TypeError('x is not a function')],
    ['a text', 'ECONNREFUSED'],
  ])('leaves %s what it is', (_what, error) => {
    expect(asUnavailable(error)).toBeUndefined();
  });

  it('ends with causes that go in a circle', () => {
    const a = new Error('a');
    a.cause = new Error('b', { cause: a });
    expect(asUnavailable(a)).toBeUndefined();
  });
});
