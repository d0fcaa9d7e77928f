import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const FILE = /^(\w+?)(?:\.(dev|heldout))?\.jsonl(\.gz)?$/;

/** Sets whose texts come from tools; the others are what users write. */
export const TOOL_SETS = /tooloutput|indirect|latent_clean/;

/** All sets of a folder: `NAME.jsonl`, `NAME.dev.jsonl`, `NAME.heldout.jsonl`, gzipped or not; a line is `{text, label, …}`. */
export function readSets(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const match = FILE.exec(file);
      if (!match) return [];
      const bytes = readFileSync(join(folder, file));
      const lines = (match[3] ? gunzipSync(bytes) : bytes).toString('utf8').split('\n').filter(Boolean);
      return [{ name: match[1], half: match[2] ?? '', rows: lines.map((line) => JSON.parse(line)) }];
    });
}
