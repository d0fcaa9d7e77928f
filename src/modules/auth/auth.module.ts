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
import { AdministrationService } from './administration/administration.service.js';
import { AuditController } from './administration/audit.controller.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { DemoAccountService } from './demo-account.service.js';
import { DerivedKeysModule } from './derived-keys.module.js';
import { JwtStrategy } from './jwt.strategy.js';
import { PasswordHasher } from './password-hasher.js';
import { PermissionGuard } from './permission.guard.js';
import { PrincipalService } from './principal.service.js';
import { RefreshTokenEntity } from './refresh-token.entity.js';
import { RefreshTokenRepository } from './refresh-token.repository.js';
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
    TypeOrmModule.forFeature([UserAccountEntity, RefreshTokenEntity]),
    SigningSecretModule,
    DerivedKeysModule,
    JwtModule.registerAsync({
      imports: [SigningSecretModule],
      inject: [SIGNING_SECRET],
      useFactory: (secret: Buffer) => ({ secret }),
    }),
  ],
  controllers: [AuthController, AdministrationController, AuditController],
  providers: [
    UserAccountRepository,
    RefreshTokenRepository,
    PasswordHasher,
    AccountsService,
    SessionsService,
    PrincipalService,
    AccessTokenIssuer,
    AccessTokenVerifier,
    JwtStrategy,
    AuthGuard,
    PermissionGuard,
    AccountBootstrapService,
    DemoAccountService,
    AccountAdministrationRepository,
    AdministrationService,
  ],
  // The guards are used application-wide (APP_GUARD), so what they are made of is exported with them.
  exports: [
    AuthGuard,
    PermissionGuard,
    AccessTokenVerifier,
    PrincipalService,
    AccountsService,
    DemoAccountService,
  ],
})
export class AuthModule {}
