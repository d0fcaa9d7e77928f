// npm run audit:verify -- FILE: checks an export of the audit trail (GET /admin/audit/export) without the installation.
// Exit code 0: it holds; 1: it does not, or is not whole; 2: there is no such file.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ChainCheck } from '../dist/modules/observability/audit/audit-chain.js';

const [file] = process.argv.slice(2);
if (file === undefined || !existsSync(file)) {
  console.error('npm run audit:verify -- FILE.ndjson');
  process.exit(2);
}

const check = new ChainCheck();
let head;
for await (const line of createInterface({ input: createReadStream(file) })) {
  if (line === '') continue;
  const parsed = parse(line);
  if (head) check.breaks();
  else if (parsed?.head) head = parsed.head;
  else if (parsed) check.add(parsed);
  else check.breaks();
}
if (head) check.end(head);
const verdict = {
  ok: head !== undefined && !check.isBroken,
  checked: check.checked,
  first_broken_seq: check.firstBrokenSeq,
};
console.log(JSON.stringify({ ...verdict, head: head ?? null }));
if (!head) console.error('The last line is missing: this is not a whole export.');
process.exit(verdict.ok ? 0 : 1);

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
