export { AuthModule } from './auth.module.js';
export { AuthGuard } from './auth.guard.js';
export { PermissionGuard } from './permission.guard.js';
export { LiveCredentials, type WatchedCredential } from './credentials/live-credentials.js';
export { PrincipalService } from './principal.service.js';
export { AccountsService } from './accounts.service.js';
export { type DemoCredentials, DemoAccountService } from './demo-account.service.js';
