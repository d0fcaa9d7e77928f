import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { ThrottlerOptions } from '@nestjs/throttler';
import type { Request } from 'express';
import type { RateLimitConfig } from '../../../config/app-config.js';
import {
  type CredentialsTrial,
  TRIES_CREDENTIALS,
} from '../../../shared/access/tries-credentials.decorator.js';
import { clientAddress } from '../../../shared/http/client-address.js';
import type { FamiliarAddresses } from './familiar-addresses.js';

const WINDOW_MS = 60_000;

/**
 * What is limited before anybody is known, in the order in which it is counted. A limit of 0 is none. Probes are left out
 * where they are declared, with `@SkipThrottle({ address: true })`.
 *
 * An account has a limit of its own, so that it is not guessed from many addresses. It would let strangers lock its owner
 * out, so attempts from where somebody has logged into the account before have a window of their own; nobody waits longer
 * than the window, as what is refused is not counted; and refreshing a session is no attempt at the account.
 */
export function throttlersFor(
  config: RateLimitConfig,
  reflector: Reflector,
  familiar: FamiliarAddresses,
): ThrottlerOptions[] {
  const { perAddressPerMinute, loginsPerMinute } = config;
  return [
    {
      name: 'address',
      ttl: WINDOW_MS,
      limit: perAddressPerMinute,
      skipIf: () => perAddressPerMinute === 0,
    },
    {
      name: 'login',
      ttl: WINDOW_MS,
      limit: loginsPerMinute,
      skipIf: (context) => loginsPerMinute === 0 || trialOf(reflector, context) === undefined,
    },
    {
      name: 'account',
      ttl: WINDOW_MS,
      limit: loginsPerMinute,
      skipIf: (context) => loginsPerMinute === 0 || triedAccount(reflector, context) === undefined,
      getTracker: (_request, context) => attemptsOf(familiar, triedAccount(reflector, context)!, context),
    },
  ];
}

/** Whose attempts count together: those of the owner from where they have logged in before, or those of all others. */
export async function attemptsOf(
  familiar: FamiliarAddresses,
  account: string,
  context: ExecutionContext,
): Promise<string> {
  const address = clientAddress(context.switchToHttp().getRequest<Request>());
  // An email has no spaces in it, so this is nobody else's.
  return (await familiar.has(account, address)) ? `${account} ${address}` : account;
}

/** The account that somebody tries to log into; `undefined` on other routes, and when the body names none. */
export function triedAccount(reflector: Reflector, context: ExecutionContext): string | undefined {
  return trialOf(reflector, context)?.accountOf?.(context.switchToHttp().getRequest<Request>().body);
}

export function trialOf(reflector: Reflector, context: ExecutionContext): CredentialsTrial | undefined {
  return reflector.get<CredentialsTrial | undefined>(TRIES_CREDENTIALS, context.getHandler());
}
