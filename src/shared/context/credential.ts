/** What a caller showed, after it was found good. What it opens may stay open as long as it is good. */
export interface Credential {
  /**
   * `session`: an access token of ours. `external`: one of an outside identity provider. `account`: nothing was shown, the
   * account itself stands for work that goes on in its name.
   */
  readonly kind: 'session' | 'api-key' | 'external' | 'account';
  readonly userId: string;
  /** Of the session or the key; of the others the user's. */
  readonly id: string;
}
