import type { ProvidersConfig } from '../../../config/app-config.js';
import type { DerivedKeys } from '../../../shared/context/derived-keys.js';
import { Placeholders } from './placeholders.js';

/** `undefined`: nothing is to be masked. */
export function configuredPlaceholders(
  { maskedKinds: kinds, maskedPhoneCountry: phoneCountry }: ProvidersConfig,
  keys: DerivedKeys,
): Placeholders | undefined {
  if (kinds.size === 0) return undefined;
  return new Placeholders({ key: keys.keyFor('masking'), kinds, phoneCountry });
}
