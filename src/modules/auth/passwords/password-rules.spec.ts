import { LeakedPasswords } from './common-passwords.js';
import { PasswordRules } from './password-rules.js';

const rules = new PasswordRules(new LeakedPasswords());
const faultOf = (password: string, email: string | null = 'ada.lovelace@example.com'): Promise<unknown> =>
  rules.assertGood(password, email).then(
    () => undefined,
    (error: { errors: { pointer: string; detail: string }[] }) => error.errors,
  );

describe(PasswordRules.name, () => {
  it.each([
    ['found in leaks', 'unbelievable'],
    ['found in leaks, in other letters', 'UnBelievable'],
    ['a common word with trimmings', 'password1234'],
    ['a common word with trimmings around it', '!!sunshine99'],
    ['a common word twice', 'dragondragon'],
    ['a few characters again and again', 'x7k2q9x7k2q9'],
    ['the alphabet and the digits', 'abcdefgh1234'],
    ['a row of the keyboard', 'qwertyuiopoiuy'],
    ['a row of another keyboard', 'azertyuiop123'],
  ])('refuses what is %s', async (_, password) => {
    expect(await faultOf(password)).toEqual([
      { pointer: '/password', detail: 'is among the passwords that are guessed first' },
    ]);
  });

  it('refuses what has next to no different characters, and the email of the account', async () => {
    expect(await faultOf('aabbaabb1111')).toEqual([
      { pointer: '/password', detail: 'must have at least 5 different characters' },
    ]);
    for (const own of ['Ada.Lovelace@example.com', 'ada.lovelace', 'ada.lovelaceexample.com']) {
      expect(await faultOf(own)).toEqual([
        { pointer: '/password', detail: 'must not be the email of the account' },
      ]);
    }
    expect(await faultOf('ada.lovelace@example.com', null)).toBeUndefined();
  });

  it.each([
    'correct horse battery',
    'correct horse battery staple',
    'zebra-84920184',
    'Tr0ub4dor&3 or so',
    'мой дядя самых честных правил',
    '一二三四五六七八九十百千',
    '🙂🐎🔋📎🌍🎹 and more',
  ])('takes %s', async (password) => {
    expect(await faultOf(password)).toBeUndefined();
  });
});
