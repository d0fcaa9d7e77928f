import type { JsonValue } from '../../../shared/llm/json.js';
import { ArgumentFault } from './argument-fault.js';
import type { PlannedParameter } from './operation-plan.js';
import { percentEncode } from './percent-encode.js';
import { scalarText } from './scalar-text.js';

const MAX_DECODINGS = 4;

/**
 * Puts the parameters into the path's template. A value fills its segment and never leaves it: everything that means
 * something in a URL is encoded, and what could still mean "one up" to a server that decodes twice is refused.
 * Throws `ArgumentFault`.
 */
export function fillPath(
  template: string,
  parameters: readonly PlannedParameter[],
  input: Readonly<Record<string, JsonValue>>,
): string {
  const byName = new Map(
    parameters.filter((each) => each.in === 'path').map((each) => [each.name, each] as const),
  );
  const lastMember = new Map<number, string>();
  const segments = template.split('/').map((segment, index) =>
    segment.replace(/\{([^{}]*)\}/g, (_, name: string) => {
      const { member } = byName.get(name)!;
      lastMember.set(index, member);
      return segmentText(member, input[member]);
    }),
  );
  for (const [index, member] of lastMember) {
    if (isDots(segments[index]!)) throw new ArgumentFault(member, 'must not be "." or ".."');
  }
  return segments.join('/');
}

function segmentText(member: string, value: JsonValue | undefined): string {
  const items = Array.isArray(value) ? value : [value];
  if (items.length === 0) throw new ArgumentFault(member, 'must not be empty');
  return items
    .map((item) => {
      const text = scalarText(member, item ?? null);
      if (text.trim() === '') throw new ArgumentFault(member, 'must not be empty');
      refuseWayUp(member, text);
      return percentEncode(text);
    })
    .join(',');
}

/** Some servers decode `%2F` before they resolve the path, some more than once, some cut `;…` off a segment. */
function refuseWayUp(member: string, text: string): void {
  let decoded = text;
  for (let round = 0; round < MAX_DECODINGS; round += 1) {
    const pieces = decoded.normalize('NFKC').split(/[/\\\u2215\u2044]/);
    if (pieces.some((piece) => isDots(piece.split(';')[0]!.trim()))) {
      throw new ArgumentFault(member, 'must not contain "." or ".." as a part of a path');
    }
    const next = decodeLeniently(decoded);
    if (next === decoded) return;
    decoded = next;
  }
  throw new ArgumentFault(member, 'must not be percent-encoded several times');
}

/** What is no valid encoding stays; the invalid parts of a text must not hide the valid ones. */
function decodeLeniently(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (encoded) =>
    Buffer.from(encoded.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function isDots(segment: string): boolean {
  return /^(\.|%2e){1,2}$/i.test(segment);
}
