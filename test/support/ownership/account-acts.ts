import type { DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { ApiKeyRepository } from '../../../src/modules/auth/api-keys/api-key.repository.js';
import { LiveCredentialsRepository } from '../../../src/modules/auth/credentials/live-credentials.repository.js';
import { ExternalIdentityRepository } from '../../../src/modules/auth/external/external-identity.repository.js';
import { AccountTokenRepository } from '../../../src/modules/auth/recovery/account-token.repository.js';
import type { Acts } from './act.js';
import { API_KEY, FAMILY, NOW } from './two-users.js';

const NEW = v7();
const LATER = new Date('2100-01-01');

const keys = (source: DataSource): ApiKeyRepository => new ApiKeyRepository(source);
const tokens = (source: DataSource): AccountTokenRepository => new AccountTokenRepository(source);
const identities = (source: DataSource): ExternalIdentityRepository => new ExternalIdentityRepository(source);

const aKey = { id: NEW, prefix: 'pn', hash: Buffer.from('another key'), createdAt: NOW };

/** How somebody else would use what lets the owner in. Where it takes a secret, it is the owner's. */
export const ACCOUNT_ACTS: Acts = {
  'ApiKeyRepository.findOf': [(source, me) => keys(source).findOf(me)],
  'ApiKeyRepository.insert': [
    (source, me) =>
      keys(source).insert({ ...aKey, userId: me, name: 'mine', scopes: [], expiresAt: null }, 1),
  ],
  'ApiKeyRepository.replace': [(source, me) => keys(source).replace(me, API_KEY, aKey)],
  'ApiKeyRepository.remove': [(source, me) => keys(source).remove(me, API_KEY)],
  'ApiKeyRepository.touch': [(source, me) => keys(source).touch(me, API_KEY, NOW, NOW)],

  'LiveCredentialsRepository.revoked': [
    (source, me) =>
      new LiveCredentialsRepository(source as never).revoked([
        { kind: 'session', userId: me, id: FAMILY },
        { kind: 'api-key', userId: me, id: API_KEY },
      ]),
  ],

  'AccountTokenRepository.put': [
    (source, me) =>
      tokens(source).put(
        {
          id: NEW,
          userId: me,
          purpose: 'password_reset',
          hash: Buffer.from('another token'),
          email: 'mine@example.com',
          createdAt: NOW,
          expiresAt: LATER,
        },
        new Date('2020-01-01'),
      ),
  ],
  'AccountTokenRepository.resetPassword': [
    (source, me) => tokens(source).resetPassword(Buffer.from('reset'), me, 'mine now', NOW),
  ],
  'AccountTokenRepository.confirmEmail': [
    (source, me) => tokens(source).confirmEmail(Buffer.from('change'), me, NOW),
  ],
  'AccountTokenRepository.removeAll': [(source, me) => tokens(source).removeAll(me)],

  'ExternalIdentityRepository.apply': [
    (source, me) =>
      identities(source).apply({
        hash: Buffer.from('identity'),
        userId: me,
        claims: { issuer: 'i', subject: 's', issuedAt: NOW, name: 'mine now' },
        now: NOW,
      }),
  ],
};
