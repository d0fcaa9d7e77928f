import type { AuthConfig, ProcessConfig } from '../../config/app-config.js';
import { localSecrets } from './local-secrets.js';

/** The key of the access tokens' HS256 signature, as a Buffer. */
export const SIGNING_SECRET = Symbol('SIGNING_SECRET');

/** The configured one; outside production one that is generated once per data folder. Throws where there is neither. */
export async function signingSecret(auth: AuthConfig, process: ProcessConfig): Promise<Buffer> {
  if (auth.jwtSecret) return Buffer.from(auth.jwtSecret.reveal());
  if (process.environment === 'production')
    throw new Error('AUTH_JWT_SECRET: is needed when NODE_ENV=production');
  const { jwtSecret } = await localSecrets(process.dataDir);
  return Buffer.from(jwtSecret.reveal());
}
