import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { looksLikeApiKey } from './api-keys/api-key.js';
import { ApiKeyVerifier } from './api-keys/api-key.verifier.js';
import { apiKeyOf, bearerToken } from './bearer-token.js';
import type { Caller } from './caller.js';
import { ExternalTokenVerifier } from './external/external-token.verifier.js';
import { PrincipalService } from './principal.service.js';

/**
 * Tells who calls, whatever they show and in whichever header: there is a caller, or a 401 is thrown. Which kind of
 * credential it is only decides by which rules all of it is checked.
 */
@Injectable()
export class CredentialVerifier {
  constructor(
    private readonly accessTokens: AccessTokenVerifier,
    private readonly apiKeys: ApiKeyVerifier,
    private readonly external: ExternalTokenVerifier,
    private readonly principals: PrincipalService,
  ) {}

  async verify(request: Request, response: Response): Promise<Caller> {
    const key = apiKeyOf(request);
    if (key !== undefined) return this.apiKeys.verify(key);
    const token = bearerToken(request);
    if (token !== undefined && looksLikeApiKey(token)) return this.apiKeys.verify(token);
    if (token !== undefined && this.external.claimsToBe(token)) return this.external.verify(token);
    const session = await this.accessTokens.verify(request, response);
    return {
      principal: await this.principals.principalOf(session),
      credential: { kind: 'session', userId: session.userId, id: session.sessionId },
    };
  }
}
