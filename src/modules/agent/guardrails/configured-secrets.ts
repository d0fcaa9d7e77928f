import { Secret } from '../../../config/secret.js';

/** All values in slices of the configuration that must not be seen, and the passwords of those that are URLs. */
export function configuredSecrets(...slices: readonly object[]): string[] {
  const found: string[] = [];
  const collect = (value: unknown): void => {
    if (value instanceof Secret) found.push(...spoken(value.reveal()));
    else if (value instanceof Map || Array.isArray(value)) for (const item of value.values()) collect(item);
    else if (typeof value === 'object' && value !== null)
      for (const item of Object.values(value)) collect(item);
  };
  for (const slice of slices) collect(slice);
  return found;
}

function spoken(secret: string): string[] {
  const password = URL.parse(secret)?.password;
  return password ? [secret, password, decodeURIComponent(password)] : [secret];
}
