import { AsyncLocalStorage } from 'node:async_hooks';
import type { Credential } from './credential.js';
import type { Principal } from './principal.js';
import type { Reservation } from './reservation.js';

/** What belongs to one HTTP request and is needed below the controller. Filled on the way in, in this order. */
export interface RequestContext {
  /** The caller's `X-Request-Id` when it is a sane token, else a new one. */
  readonly requestId: string;
  /** From where: an IPv4 address or an IPv6 network. Left out where nobody has asked over HTTP. */
  readonly clientAddress?: string;
  /** Set by the authentication guard. */
  principal?: Principal;
  /** What the principal showed; set with it. */
  credential?: Credential;
  /** Set where a run is admitted, for the log. */
  runId?: string;
  /** Set where credentials were tried: what the limits before anybody is known have to know of it. */
  trial?: CredentialsOutcome;
  /** Set by the idempotency guard when the request has a key: the run that the key stands for. */
  idempotency?: {
    readonly key: string;
    readonly runId: string;
    /** Set when an earlier request has made that run already: this one spends nothing. */
    readonly repeats?: { readonly sessionId: string };
  };
  /** Set by the quota guard on routes that spend tokens: what is held for this request. */
  reservation?: Reservation;
}

export type CredentialsOutcome =
  | {
      /** Whoever asks has shown that the account is theirs; `account` as `CredentialsTrial.accountOf` names it. */
      readonly outcome: 'proven';
      readonly account: string;
    }
  | {
      readonly outcome: 'failed';
      /** Called when this failure is the one from which on the account's attempts are held up. */
      readonly onHeldUp: (failures: number, waitMs: number) => void;
    };

const storage = new AsyncLocalStorage<RequestContext>();

export const requestContext = {
  run<T>(context: RequestContext, work: () => T): T {
    return storage.run(context, work);
  },
  /** `undefined` outside a request: at start-up and in background work. */
  current(): RequestContext | undefined {
    return storage.getStore();
  },
};
