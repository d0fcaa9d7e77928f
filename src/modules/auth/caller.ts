import type { Credential } from '../../shared/context/credential.js';
import type { Principal } from '../../shared/context/principal.js';

/** Who calls, and by what they were known. */
export interface Caller {
  readonly principal: Principal;
  readonly credential: Credential;
}
