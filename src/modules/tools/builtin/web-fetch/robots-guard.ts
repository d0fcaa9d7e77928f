import { LRUCache } from 'lru-cache';
import robotsParser from 'robots-parser';
import type { Clock } from '../../../../shared/context/clock.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import { OutboundFailed } from '../../outbound/outbound-errors.js';
import { PRODUCT_TOKEN } from '../../outbound/outbound-headers.js';
import type { ComputeSandbox } from '../../sandbox/compute-sandbox.js';
import { WorkerJobError } from '../../sandbox/run-in-worker.js';
import { MAX_ROBOTS_BYTES, rulesFor } from './robots-rules.js';

/** RFC 9309: no longer than a day. */
const KEPT_MS = 60 * 60_000;
/** A site that could not be asked may be back soon. */
const KEPT_FAILURE_MS = 60_000;
const MAX_SITES = 5_000;
const MAX_KEPT_CHARACTERS = 8_000_000;
/** A robots.txt is not waited for as long as a page. */
const MAX_WAIT_MS = 8_000;

/** Characters of rules: up to here reading them takes a moment. Nearly all sites have less. */
const MAX_RULES = 20_000;
/** Characters of rules times those of an address: up to here comparing them does, too. */
const MAX_EFFORT = 1_000_000;
const WORKER_MS = 2_000;
const WORKER_MEMORY_MB = 64;

const SCRIPT = new URL('./robots.worker.js', import.meta.url);

// Its types describe an ES module, which it is not.
const parseRobots = robotsParser as unknown as typeof robotsParser.default;

/** What a site wants of robots: `unreachable` when nobody knows. */
type Site = { readonly rules: string } | 'unreachable';

export interface RobotsQuestion {
  /** For whom: the user's id. */
  readonly owner: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type RobotsAnswer = 'allowed' | 'disallowed' | 'unreachable';

/**
 * Whether sites let us read their pages, as RFC 9309 has it: their robots.txt is asked for once in a while; one that is not
 * there allows everything, one that cannot be read (5xx, no connection) nothing.
 */
export class RobotsGuard {
  private readonly sites: LRUCache<string, Site>;

  constructor(
    private readonly outbound: OutboundClient,
    private readonly sandbox: ComputeSandbox,
    clock: Clock,
  ) {
    this.sites = new LRUCache<string, Site>({
      max: MAX_SITES,
      maxSize: MAX_KEPT_CHARACTERS,
      sizeCalculation: (site) => 1 + (site === 'unreachable' ? 0 : site.rules.length),
      perf: { now: () => clock.monotonicMs() },
      ttl: KEPT_MS,
      ttlResolution: 0,
    });
  }

  /** Throws OutboundRefused, as the page itself would; OutboundFailed, `cancelled`, `busy`. */
  async ask(url: URL, { owner, timeoutMs, signal }: RobotsQuestion): Promise<RobotsAnswer> {
    let site = this.sites.get(url.origin);
    if (site === undefined) {
      site = await this.load(url.origin, timeoutMs, signal);
      this.sites.set(url.origin, site, { ttl: site === 'unreachable' ? KEPT_FAILURE_MS : KEPT_MS });
    }
    if (site === 'unreachable') return site;
    return (await this.isAllowed(site.rules, url, { owner, timeoutMs, signal })) ? 'allowed' : 'disallowed';
  }

  private async load(origin: string, timeoutMs: number, signal: AbortSignal): Promise<Site> {
    try {
      const { status, body } = await this.outbound.request({
        url: `${origin}/robots.txt`,
        target: { kind: 'public' },
        headers: { accept: 'text/plain,*/*;q=0.1' },
        maxBytes: MAX_ROBOTS_BYTES,
        timeoutMs: Math.min(timeoutMs, MAX_WAIT_MS),
        signal,
      });
      if (status >= 200 && status < 300) {
        return { rules: rulesFor(PRODUCT_TOKEN, new TextDecoder().decode(body)) };
      }
      // Who says "too many requests" means "not now".
      return status >= 500 || status === 429 ? 'unreachable' : { rules: '' };
    } catch (error) {
      if (!(error instanceof OutboundFailed)) throw error;
      if (error.reason === 'cancelled' || error.reason === 'busy') throw error;
      return error.reason === 'too_many_redirects' ? { rules: '' } : 'unreachable';
    }
  }

  private async isAllowed(
    rules: string,
    url: URL,
    { owner, timeoutMs, signal }: RobotsQuestion,
  ): Promise<boolean> {
    if (rules === '') return true;
    const robotsUrl = `${url.origin}/robots.txt`;
    const effort = rules.length * (url.pathname.length + url.search.length);
    if (rules.length <= MAX_RULES && effort <= MAX_EFFORT) {
      return parseRobots(robotsUrl, rules).isAllowed(url.href) ?? true;
    }
    try {
      return (await this.sandbox.run({
        script: SCRIPT,
        input: { robotsUrl, rules, url: url.href },
        timeoutMs: WORKER_MS,
        memoryMb: WORKER_MEMORY_MB,
        owner,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })) as boolean;
    } catch (error) {
      if (!(error instanceof WorkerJobError)) throw error;
      if (error.reason === 'busy' || error.reason === 'cancelled') throw new OutboundFailed('busy');
      // Rules that nobody can follow in time are not meant kindly.
      return false;
    }
  }
}
