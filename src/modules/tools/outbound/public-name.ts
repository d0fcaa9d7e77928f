/** Top-level names that are not of the public DNS: reserved by RFC or ICANN, or in use inside networks. */
const INTERNAL_TOP_LEVELS: ReadonlySet<string> = new Set([
  'alt',
  'arpa',
  'cluster',
  'consul',
  'corp',
  'docker',
  'example',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'mail',
  'onion',
  'private',
  'svc',
  'test',
]);

/** Public names that clouds answer with an address of their own. */
const PLATFORM_NAMES: ReadonlySet<string> = new Set(['metadata.goog', 'metadata.tencentyun.com']);

/** Lower case, without the dot of the root: what names are compared by. */
export function comparableName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

/**
 * Whether a host name, as the URL parser gives it, could be one of the public DNS. Names without a dot, and those with
 * internal endings, are what search lists and hosts files answer. The addresses are checked all the same.
 */
export function isPublicName(host: string): boolean {
  const name = comparableName(host);
  const labels = name.split('.');
  if (labels.length < 2 || labels.some((label) => !/^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) {
    return false;
  }
  return !INTERNAL_TOP_LEVELS.has(labels.at(-1)!) && !PLATFORM_NAMES.has(name);
}
