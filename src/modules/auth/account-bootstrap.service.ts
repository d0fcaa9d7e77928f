import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { AuthConfig } from '../../config/app-config.js';
import { AccountsService } from './accounts.service.js';

/** Makes the administrator of AUTH_ADMIN_EMAIL at the first start. An account that is there already keeps its password. */
@Injectable()
export class AccountBootstrapService implements OnApplicationBootstrap {
  constructor(
    private readonly config: AuthConfig,
    private readonly accounts: AccountsService,
    private readonly logger: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { adminEmail, adminPassword } = this.config;
    if (adminEmail === undefined || !adminPassword) return;
    const { account, isNew } = await this.accounts.ensure({
      email: adminEmail,
      password: adminPassword.reveal(),
      tier: 'pro',
      roles: ['user', 'admin'],
    });
    if (isNew) this.logger.info({ event: 'auth.admin.created', user_id: account.id });
  }
}
