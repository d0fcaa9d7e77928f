import { asErasedAccount } from './erased-account.js';
import { AppError } from './app-error.js';

const failed = (driverError: object): Error => Object.assign(new Error('it failed'), { driverError });

describe('a row whose user is gone', () => {
  it('is answered like a token that was revoked', () => {
    expect(asErasedAccount(failed({ code: '23503', constraint: 'idempotency_key_user_fk' }))).toMatchObject({
      kind: 'unauthenticated',
      code: 'token_revoked',
    });
  });

  it.each([
    ['another foreign key', failed({ code: '23503', constraint: 'message_conversation_fk' })],
    ['another fault', failed({ code: '23505', constraint: 'x_user_fk' })],
    ['an error of ours', new AppError('invalid', 'x', { detail: 'x' })],
    ['nothing', null],
  ])('is not %s', (_, error) => {
    expect(asErasedAccount(error)).toBeUndefined();
  });
});
