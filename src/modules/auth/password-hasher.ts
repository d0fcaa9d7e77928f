import { Injectable } from '@nestjs/common';
import { argon2id, hash, verify } from 'argon2';

/** OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane. The work is done in libuv's thread pool. */
const COST = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Passwords are compared in Unicode's NFKC form, so that the same characters typed on another keyboard still match. */
@Injectable()
export class PasswordHasher {
  private decoy: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return hash(password.normalize('NFKC'), COST);
  }

  /**
   * No `passwordHash`, for an account that does not exist or has none, costs the same work and is never true: the time taken
   * does not tell which emails have an account.
   */
  async verify(passwordHash: string | null | undefined, password: string): Promise<boolean> {
    const isMatch = await verify(passwordHash ?? (await this.decoyHash()), password.normalize('NFKC'));
    return isMatch && typeof passwordHash === 'string';
  }

  private decoyHash(): Promise<string> {
    this.decoy ??= this.hash('an account that does not exist');
    return this.decoy;
  }
}
