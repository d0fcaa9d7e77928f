import { createHash } from 'node:crypto';

const MAX_LENGTH = 64;
/** Long enough that nobody finds another name for the hash of one that is there. */
const HASH_LENGTH = 16;
const LOOKS_HASHED = new RegExp(`_[0-9a-f]{${HASH_LENGTH}}$`);

/**
 * What the tools of a server are called here: `<server>_<tool>`, in the letters that all vendors take. A tool whose name
 * is like that already keeps it; where it is not, is too long, or belongs to somebody else (`taken`), a piece of the hash
 * of the server's own name is added. No name depends on what else the server lists: what was agreed to, refused or ruled
 * under a name stays with its tool.
 */
export function toolNames(
  server: string,
  tools: readonly string[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const named = tools.map((tool) => [tool, nameOf(server, tool, taken)] as const);
  const count = new Map<string, number>();
  for (const [, name] of named) count.set(name, (count.get(name) ?? 0) + 1);
  // Two with one hash were made on purpose: neither has a name.
  return new Map(named.filter(([, name]) => count.get(name) === 1 && !taken.has(name)));
}

function nameOf(server: string, tool: string, taken: ReadonlySet<string>): string {
  const plain = `${server}_${tool}`;
  const clean = plain.replace(/[^a-zA-Z0-9_-]/g, '_');
  // One that looks as if it had a hash could be the name that another one gets.
  if (plain === clean && plain.length <= MAX_LENGTH && !LOOKS_HASHED.test(plain) && !taken.has(plain))
    return plain;
  const hash = createHash('sha256').update(`${server}\n${tool}`).digest('hex').slice(0, HASH_LENGTH);
  return `${clean.slice(0, MAX_LENGTH - 1 - HASH_LENGTH)}_${hash}`;
}
