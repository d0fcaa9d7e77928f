import { hkdfSync } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import { AuthConfig, ProcessConfig } from '../../config/app-config.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../shared/context/derived-keys.js';
import { signingSecret } from './signing-secret.js';

/** HKDF-SHA-256 over the installation's secret: nobody who holds a derived key can sign a token with it. */
export function derivedKeys(secret: Buffer): DerivedKeys {
  return {
    keyFor: (purpose) => Buffer.from(hkdfSync('sha256', secret, '', `perch:${purpose}`, 32)),
  };
}

/** Global: who stores something encrypted need not know where secrets come from. */
@Global()
@Module({
  providers: [
    {
      provide: DERIVED_KEYS,
      inject: [AuthConfig, ProcessConfig],
      useFactory: async (auth: AuthConfig, process: ProcessConfig) =>
        derivedKeys(await signingSecret(auth, process)),
    },
  ],
  exports: [DERIVED_KEYS],
})
export class DerivedKeysModule {}
