import type { IsAllowed } from './forbidden-url.js';

/** `example.com`, or `*.example.com` for everything under it (and not itself). */
export type HostPattern = string;

const URL_OR_HOST =
  /https?:\/\/[^\s<>"'`)\]]+|(?<![\w@.-])(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,24}(?![\w@-])/giu;
/** Bounds what one person's messages can make us remember. */
const MAX_HOSTS = 1_000;

/** Where links of an answer may lead: hosts of the operator's list, and those that the user has named. */
export function allowsHosts(patterns: readonly HostPattern[], named: () => ReadonlySet<string>): IsAllowed {
  const exact = new Set(patterns.filter((pattern) => !pattern.startsWith('*.')).map(plainHost));
  const under = patterns
    .filter((pattern) => pattern.startsWith('*.'))
    .map((pattern) => `.${plainHost(pattern.slice(2))}`);
  return (url) => {
    const host = plainHost(url.hostname);
    return exact.has(host) || under.some((suffix) => host.endsWith(suffix)) || named().has(host);
  };
}

/** The hosts that a text names, in URLs or by themselves, as URLs have them. */
export function hostsNamedIn(text: string): string[] {
  const hosts: string[] = [];
  for (const [found] of text.matchAll(URL_OR_HOST)) {
    const url = URL.parse(found.includes('://') ? found : `https://${found}`);
    if (url && url.username === '' && hosts.push(plainHost(url.hostname)) >= MAX_HOSTS) break;
  }
  return hosts;
}

/** Compared as a browser resolves it: in lower case, in ASCII, without the dot of the root. */
export function plainHost(host: string): string {
  const parsed = URL.parse(`https://${host.trim()}`)?.hostname ?? host.trim().toLowerCase();
  return parsed.replace(/\.$/, '');
}
