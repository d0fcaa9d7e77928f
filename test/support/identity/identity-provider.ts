import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export const ISSUER = 'https://login.example.com/';
export const AUDIENCE = 'perch-tests';

/** An identity provider with a set of keys on loopback; it has an RSA key, `rsa`, to begin with. */
export class IdentityProvider {
  readonly keys = new Map<string, SigningKey>();
  /** How often its keys were asked for. */
  requests = 0;
  /** Instead of the keys. */
  answer: ((response: ServerResponse) => void) | undefined;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<IdentityProvider> {
    const server = createServer((_, response) => provider.serve(response));
    const provider = new IdentityProvider(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await provider.addKey('rsa', 'RS256');
    return provider;
  }

  /** Settings of an installation that takes its tokens. */
  settings(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      AUTH_JWKS_URI: this.jwksUri,
      AUTH_JWKS_ISSUER: ISSUER,
      AUTH_JWKS_AUDIENCE: AUDIENCE,
      ...more,
    };
  }

  get jwksUri(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks`;
  }

  async addKey(kid: string, alg: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    this.keys.set(kid, { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } });
  }

  /** A token as it issues them, or with other claims and headers; a claim that is `undefined` is left out. */
  token(
    claims: JWTPayload & { readonly sub?: string },
    options: { readonly now: Date; readonly kid?: string; readonly header?: object },
  ): Promise<string> {
    const { kid = 'rsa', header = {}, now } = options;
    const { alg, privateKey } = this.keys.get(kid)!;
    const iat = Math.floor(now.getTime() / 1000);
    return new SignJWT({ iss: ISSUER, aud: AUDIENCE, iat, exp: iat + 300, ...claims })
      .setProtectedHeader({ alg, kid, ...header })
      .sign(privateKey);
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(response: ServerResponse): void {
    this.requests += 1;
    if (this.answer) return this.answer(response);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [...this.keys.values()].map(({ publicJwk }) => publicJwk) }));
  }
}
