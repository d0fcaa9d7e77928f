import { type CanActivate, Injectable } from '@nestjs/common';
import { AuthConfig } from '../../config/app-config.js';
import { notFound } from '../../shared/errors/app-error.js';

/** With AUTH_REGISTRATION_ENABLED=false the route is not there, whatever the body looks like. */
@Injectable()
export class RegistrationGuard implements CanActivate {
  constructor(private readonly config: AuthConfig) {}

  canActivate(): boolean {
    if (!this.config.isRegistrationEnabled) throw notFound();
    return true;
  }
}
