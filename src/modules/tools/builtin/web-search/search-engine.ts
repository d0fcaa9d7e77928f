/** What an engine found, as it wrote it: text of strangers, with markup, of any length. */
export interface FoundPage {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
  /** In the engine's own words. */
  readonly published?: string;
}

export interface SearchQuery {
  readonly text: string;
  /** The engine may give more. */
  readonly count: number;
  readonly signal: AbortSignal;
}

/** A service that searches the web. One adapter each; the settings choose one. */
export interface SearchEngine {
  readonly name: string;
  /** Best first. Throws SearchFailure. */
  search(query: SearchQuery): Promise<readonly FoundPage[]>;
}

export type SearchFailureReason =
  /** This query, not others. */
  | 'query_refused'
  /** Too many searches. */
  | 'rate_limited'
  /** Our key, the plan's credit, or the service's own settings: an operator must look. */
  | 'not_permitted'
  /** Away, slow, or answering rubbish. */
  | 'unavailable'
  /** The caller's signal. */
  | 'cancelled';

/** Nothing that the service wrote is in here, nor the key. */
export class SearchFailure extends Error {
  constructor(
    readonly reason: SearchFailureReason,
    /** For the log: a status, or the name of a failure. */
    readonly detail: string,
  ) {
    super(`the search failed: ${reason} (${detail})`);
    this.name = 'SearchFailure';
  }
}
