/** What a caller showed, after it was found good. What it opens may stay open as long as it is good. */
export interface Credential {
  /** `session`: an access token of ours. `external`: one of an outside identity provider. */
  readonly kind: 'session' | 'api-key' | 'external';
  readonly userId: string;
  /** Of the session or the key; of an external one the user's. */
  readonly id: string;
}
