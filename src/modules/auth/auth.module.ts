import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthConfig, ProcessConfig } from '../../config/app-config.js';
import { AuditModule } from '../observability/index.js';
import { AccessTokenIssuer } from './access-token.issuer.js';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { AccountBootstrapService } from './account-bootstrap.service.js';
import { AccountsService } from './accounts.service.js';
import { AccountAdministrationRepository } from './administration/account-administration.repository.js';
import { AdministrationController } from './administration/administration.controller.js';
import { KeyAdministrationController } from './administration/key-administration.controller.js';
import { AdministrationService } from './administration/administration.service.js';
import { ApiKeyEntity } from './api-keys/api-key.entity.js';
import { ApiKeyRepository } from './api-keys/api-key.repository.js';
import { ApiKeyVerifier } from './api-keys/api-key.verifier.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { KeyUsage } from './api-keys/key-usage.js';
import { AuditController } from './administration/audit.controller.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { CredentialVerifier } from './credential.verifier.js';
import { CredentialNews } from './credentials/credential-news.js';
import { LiveCredentials } from './credentials/live-credentials.js';
import { LiveCredentialsRepository } from './credentials/live-credentials.repository.js';
import { DemoAccountService } from './demo-account.service.js';
import { DerivedKeysModule } from './derived-keys.module.js';
import { ExternalAccounts } from './external/external-accounts.js';
import { ExternalIdentityEntity } from './external/external-identity.entity.js';
import { ExternalIdentityRepository } from './external/external-identity.repository.js';
import { ExternalTokenVerifier } from './external/external-token.verifier.js';
import { MailModule } from './mail/mail.module.js';
import { JwtStrategy } from './jwt.strategy.js';
import { AccountClosing } from './erasure/account-closing.js';
import { AccountClosingRepository } from './erasure/account-closing.repository.js';
import { MemoryPreference } from './memory-preference.js';
import { OwnerConfirmation } from './owner-confirmation.js';
import { PasswordHasher } from './password-hasher.js';
import { LeakedPasswords } from './passwords/common-passwords.js';
import { PasswordRules } from './passwords/password-rules.js';
import { PermissionGuard } from './permission.guard.js';
import { PrincipalService } from './principal.service.js';
import { AccountMails } from './recovery/account-mails.js';
import { AccountTokenEntity } from './recovery/account-token.entity.js';
import { AccountTokenRepository } from './recovery/account-token.repository.js';
import { OwnAccountService } from './recovery/own-account.service.js';
import { RecoveryController } from './recovery/recovery.controller.js';
import { RecoveryService } from './recovery/recovery.service.js';
import { RefreshTokenEntity } from './refresh-token.entity.js';
import { RefreshTokenRepository } from './refresh-token.repository.js';
import { SecurityAudit } from './security-audit.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SIGNING_SECRET, signingSecret } from './signing-secret.js';
import { UserAccountEntity } from './user-account.entity.js';
import { UserAccountRepository } from './user-account.repository.js';

@Module({
  providers: [{ provide: SIGNING_SECRET, useFactory: signingSecret, inject: [AuthConfig, ProcessConfig] }],
  exports: [SIGNING_SECRET],
})
class SigningSecretModule {}

@Module({
  imports: [
    AuditModule,
    TypeOrmModule.forFeature([
      UserAccountEntity,
      RefreshTokenEntity,
      ApiKeyEntity,
      ExternalIdentityEntity,
      AccountTokenEntity,
    ]),
    SigningSecretModule,
    DerivedKeysModule,
    MailModule,
    JwtModule.registerAsync({
      imports: [SigningSecretModule],
      inject: [SIGNING_SECRET],
      useFactory: (secret: Buffer) => ({ secret }),
    }),
  ],
  controllers: [
    AuthController,
    RecoveryController,
    SessionsController,
    ApiKeysController,
    AdministrationController,
    KeyAdministrationController,
    AuditController,
  ],
  providers: [
    UserAccountRepository,
    RefreshTokenRepository,
    PasswordHasher,
    LeakedPasswords,
    PasswordRules,
    AccountMails,
    AccountTokenRepository,
    OwnAccountService,
    OwnerConfirmation,
    RecoveryService,
    AccountsService,
    SessionsService,
    SecurityAudit,
    CredentialNews,
    LiveCredentials,
    LiveCredentialsRepository,
    PrincipalService,
    ApiKeyRepository,
    ApiKeyVerifier,
    ApiKeysService,
    KeyUsage,
    ExternalAccounts,
    ExternalIdentityRepository,
    ExternalTokenVerifier,
    CredentialVerifier,
    AccessTokenIssuer,
    AccessTokenVerifier,
    JwtStrategy,
    AuthGuard,
    PermissionGuard,
    AccountBootstrapService,
    DemoAccountService,
    AccountAdministrationRepository,
    AdministrationService,
    AccountClosing,
    AccountClosingRepository,
    MemoryPreference,
  ],
  // The guards are used application-wide (APP_GUARD), so what they are made of is exported with them.
  exports: [
    AuthGuard,
    PermissionGuard,
    CredentialVerifier,
    LiveCredentials,
    PrincipalService,
    AccountsService,
    DemoAccountService,
    AccountClosing,
    MemoryPreference,
  ],
})
export class AuthModule {}
