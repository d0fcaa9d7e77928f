import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AuthConfig, ProcessConfig } from '../../config/app-config.js';
import type { Account } from './account.js';
import { AccountsService } from './accounts.service.js';
import { localSecrets } from './local-secrets.js';
import { SessionsService } from './sessions.service.js';

export const DEMO_EMAIL = 'demo@perch.local';
const DEMO_TOKEN_TTL_SECONDS = 12 * 3600;

export interface DemoCredentials {
  readonly email: string;
  readonly password: string;
}

/**
 * The account for trying Perch out: there when `AuthConfig.isDemoAccountEnabled` (never in production), with a password
 * that is generated once per data folder. What is printed at the start works, so a differing password is put right.
 */
@Injectable()
export class DemoAccountService implements OnApplicationBootstrap {
  private demo: { readonly account: Account; readonly password: string } | undefined;

  constructor(
    private readonly config: AuthConfig,
    private readonly process: ProcessConfig,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.isDemoAccountEnabled || this.process.environment === 'production') return;
    const password = (await localSecrets(this.process.dataDir)).demoPassword.reveal();
    const { account, isNew } = await this.accounts.ensure({
      email: DEMO_EMAIL,
      password,
      tier: 'pro',
      roles: ['user'],
    });
    if (account.isDisabled) return;
    if (!isNew && !(await this.accounts.hasPassword(account, password))) {
      await this.accounts.changePassword(account, password);
    }
    this.demo = { account, password };
  }

  /** `undefined` where there is no demo account. Only after the application has been initialised. */
  credentials(): DemoCredentials | undefined {
    return this.demo && { email: DEMO_EMAIL, password: this.demo.password };
  }

  /** A new access token of the demo account, good for twelve hours: for a request that one can paste. */
  async accessToken(): Promise<string | undefined> {
    if (!this.demo) return undefined;
    const ttl = { accessSeconds: DEMO_TOKEN_TTL_SECONDS, refreshSeconds: DEMO_TOKEN_TTL_SECONDS };
    return (await this.sessions.open(this.demo.account, undefined, ttl)).accessToken;
  }
}
