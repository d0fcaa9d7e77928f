import { createHash } from 'node:crypto';

const MAX_LENGTH = 64;

/**
 * What the tools of a server are called here: `<server>_<tool>`, in the letters that all vendors take. A tool whose name
 * is like that already keeps it; where several would be called the same, or a name belongs to somebody else (`taken`), a
 * piece of the hash of the server's own name is added. The same tools give the same names, in whatever order they come.
 */
export function toolNames(
  server: string,
  tools: readonly string[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set(taken);
  const plain = (tool: string): string => `${server}_${tool}`;
  const clean = (tool: string): string => plain(tool).replace(/[^a-zA-Z0-9_-]/g, '_');
  const count = new Map<string, number>();
  for (const tool of tools) count.set(clean(tool), (count.get(clean(tool)) ?? 0) + 1);
  const give = (tool: string, name: string): boolean => {
    if (name.length > MAX_LENGTH || used.has(name)) return false;
    used.add(name);
    names.set(tool, name);
    return true;
  };
  const open = [...tools]
    .sort()
    .filter((tool) => clean(tool) !== plain(tool) || !give(tool, plain(tool)))
    .filter((tool) => count.get(clean(tool))! > 1 || !give(tool, clean(tool)));
  for (const tool of open) {
    const hash = createHash('sha256').update(`${server}\n${tool}`).digest('hex');
    for (const length of [8, 16, 24]) {
      if (give(tool, `${clean(tool).slice(0, MAX_LENGTH - 1 - length)}_${hash.slice(0, length)}`)) break;
    }
  }
  return names;
}
