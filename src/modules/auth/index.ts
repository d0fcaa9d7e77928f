export { AuthModule } from './auth.module.js';
export { AuthGuard } from './auth.guard.js';
export { PermissionGuard } from './permission.guard.js';
export { PrincipalService } from './principal.service.js';
export { AccountsService } from './accounts.service.js';
export { type DemoCredentials, DemoAccountService } from './demo-account.service.js';
export { AccountClosing } from './erasure/account-closing.js';
export type { ClosedAccount, ErasureConfirmation } from './erasure/closed-account.js';
export { MemoryPreference } from './memory-preference.js';
