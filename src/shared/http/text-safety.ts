import { ValidateBy, type ValidationOptions } from 'class-validator';

/** Text that can be stored and sent on: no NUL, and no half of a surrogate pair. */
export function isSafeText(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\u0000') && value.isWellFormed();
}

export function IsSafeText(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isSafeText',
      validator: {
        validate: isSafeText,
        defaultMessage: () => 'must be well-formed Unicode without NUL characters',
      },
    },
    options,
  );
}

/** JSON whose texts and keys are safe, and that is at most `maxBytes` long when written. */
export function IsSafeJson(
  { maxBytes }: { maxBytes: number },
  options?: ValidationOptions,
): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isSafeJson',
      validator: {
        validate: (value: unknown) =>
          value !== undefined && isSafeJson(value) && Buffer.byteLength(JSON.stringify(value)) <= maxBytes,
        defaultMessage: () => `must be at most ${maxBytes} bytes of well-formed JSON without NUL characters`,
      },
    },
    options,
  );
}

/** The body was scanned for depth before it was parsed, so recursion is bounded. */
function isSafeJson(value: unknown): boolean {
  if (typeof value === 'string') return isSafeText(value);
  if (Array.isArray(value)) return value.every(isSafeJson);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).every(([key, member]) => isSafeText(key) && isSafeJson(member));
  }
  return true;
}
