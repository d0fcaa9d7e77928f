import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isEmail, normaliseEmail } from './email.js';

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 128;

const LONE_SURROGATE = /\p{Cs}/u;

export function IsAccountEmail(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isAccountEmail',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && isEmail(normaliseEmail(value)),
        defaultMessage: () => 'must be an email address',
      },
    },
    options,
  );
}

/** Counts characters, not UTF-16 units; four bytes each at most. `min` is lower at login, where a short one is just wrong. */
export function IsPassword(
  min: number = MIN_PASSWORD_LENGTH,
  options?: ValidationOptions,
): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isPassword',
      constraints: [min],
      validator: {
        validate: (value: unknown) => {
          // A string has at most two units per character: longer ones are refused without being taken apart.
          if (
            typeof value !== 'string' ||
            value.length > 2 * MAX_PASSWORD_LENGTH ||
            LONE_SURROGATE.test(value)
          )
            return false;
          const length = [...value].length;
          return length >= min && length <= MAX_PASSWORD_LENGTH;
        },
        defaultMessage: () => `must have ${min} to ${MAX_PASSWORD_LENGTH} characters`,
      },
    },
    options,
  );
}
