/** What one login starts. Its id is the family id of its refresh tokens and the `sid` of its access tokens. */
export interface Session {
  readonly sessionId: string;
  readonly userId: string;
}
