/** Longest text of rules that is kept for one site: what Google reads, and what RFC 9309 wants at least. */
export const MAX_ROBOTS_BYTES = 500 * 1024;

/**
 * Takes out of a robots.txt what concerns one robot: its own groups, or else those for all. What is left is short for nearly
 * all sites, and has one group only, however the original was made.
 */
export function rulesFor(token: string, robotsText: string): string {
  const own: string[] = [];
  const general: string[] = [];
  let named = new Set<string>();
  let isNaming = false;
  let hasOwnGroup = false;
  for (const line of robotsText.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const [, field, value] = /^[ \t]*([a-zA-Z-]{1,20})[ \t]*:([^#]*)/.exec(line) ?? [];
    if (field === undefined || value === undefined) continue;
    const name = field.toLowerCase();
    if (name === 'user-agent') {
      if (!isNaming) named = new Set();
      isNaming = true;
      named.add(robotOf(value));
      hasOwnGroup ||= named.has(token.toLowerCase());
    } else if (name === 'allow' || name === 'disallow') {
      isNaming = false;
      const rule = `${name}: ${value.trim()}`;
      if (named.has(token.toLowerCase())) own.push(rule);
      if (named.has('*')) general.push(rule);
    }
  }
  const rules = hasOwnGroup ? own : general;
  return rules.length === 0 ? '' : ['user-agent: *', ...rules].join('\n');
}

/** RFC 9309: the product token ends where letters, `_` and `-` end. */
function robotOf(value: string): string {
  const name = value.trim().toLowerCase();
  return name.startsWith('*') ? '*' : (/^[a-z_-]*/.exec(name)?.[0] ?? '');
}
