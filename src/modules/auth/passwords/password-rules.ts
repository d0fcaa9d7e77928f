import { Injectable } from '@nestjs/common';
import { validationFailed } from '../../../shared/errors/app-error.js';
import { LeakedPasswords } from './common-passwords.js';

const MIN_DIFFERENT_CHARACTERS = 5;
/** So many runs of neighbours make up a password that is nothing but them: `abcdefgh1234`. */
const MAX_TRIVIAL_RUNS = 2;
/** What people put before and behind a common word to satisfy a rule: `password2024!`. */
const MAX_TRIMMINGS = 5;
const MIN_WORD_LENGTH = 4;
/** A piece that is repeated and no longer than this says next to nothing. */
const MAX_TRIVIAL_UNIT = 6;

const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
];

/**
 * What a password must not be. Its length is checked with the body's form; of which characters it is made is its owner's
 * choice: rules about that make passwords that are guessed more easily.
 */
@Injectable()
export class PasswordRules {
  constructor(private readonly common: LeakedPasswords) {}

  /** Throws `validation_failed` for a password that is guessed first. `pointer`: where it stands in the body. */
  async assertGood(password: string, email: string | null, pointer = '/password'): Promise<void> {
    const text = password.normalize('NFKC').toLowerCase();
    const fault = isOwnEmail(text, email)
      ? 'must not be the email of the account'
      : new Set(text).size < MIN_DIFFERENT_CHARACTERS
        ? `must have at least ${MIN_DIFFERENT_CHARACTERS} different characters`
        : (await this.isGuessedFirst(text))
          ? 'is among the passwords that are guessed first'
          : undefined;
    if (fault !== undefined) throw validationFailed([{ pointer, detail: fault }]);
  }

  private async isGuessedFirst(text: string): Promise<boolean> {
    if (runsOfNeighbours(text) <= MAX_TRIVIAL_RUNS || (await this.common.has(text))) return true;
    const unit = repeatedUnit(text);
    if (unit !== undefined && (unit.length <= MAX_TRIVIAL_UNIT || (await this.common.has(unit)))) return true;
    const word = /^[^\p{L}]*(\p{L}(?:.*\p{L})?)[^\p{L}]*$/su.exec(text)?.[1] ?? '';
    const trimmings = text.length - word.length;
    return word.length >= MIN_WORD_LENGTH && trimmings <= MAX_TRIMMINGS && (await this.common.has(word));
  }
}

function isOwnEmail(text: string, email: string | null): boolean {
  if (email === null) return false;
  const [local] = email.split('@');
  return text === email || text === local || text === email.replace('@', '');
}

/** Into how few pieces of neighbouring characters the text falls: on the keyboard, in the alphabet, or the same again. */
function runsOfNeighbours(text: string): number {
  let runs = 1;
  for (let index = 1; index < text.length; index += 1) {
    if (!areNeighbours(text[index - 1]!, text[index]!)) runs += 1;
  }
  return runs;
}

function areNeighbours(one: string, other: string): boolean {
  return one === other || ROWS.some((row) => row.includes(one + other) || row.includes(other + one));
}

/** The piece of which the text is made by repetition; the last one may be cut. */
function repeatedUnit(text: string): string | undefined {
  for (let length = 1; length <= text.length / 2; length += 1) {
    const unit = text.slice(0, length);
    if (unit.repeat(Math.ceil(text.length / length)).startsWith(text)) return unit;
  }
  return undefined;
}
