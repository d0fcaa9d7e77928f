import { refused } from './sql-refused.js';
import { type TreeNode, unwrap } from './syntax-tree.js';

/** How many times as long as what it is given a statement may make a text, whatever stands in what. */
const MAX_GROWTH = 1_000;
/** What a column may put in the place of something, at least. */
const COLUMN_LENGTH = 100;
const GROWERS: ReadonlySet<string> = new Set(['replace', 'regexp_replace']);

interface Replacement {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/**
 * Bounds what replacing can make of a short text: one inside another, or over the columns of a subquery, they multiply,
 * and the server would build a gigabyte. All replacements of a statement are counted as if they stood in one another.
 */
export class TextGrowth {
  private readonly replacements: Replacement[] = [];
  private longest = COLUMN_LENGTH;

  constant({ sval }: TreeNode): void {
    this.longest = Math.max(this.longest, textOf(sval)?.length ?? 0);
  }

  function(name: string, args: unknown): void {
    if (!GROWERS.has(name) || !Array.isArray(args)) return;
    this.replacements.push({ name, from: constantOf(args[1]), to: constantOf(args[2]) });
  }

  check(): void {
    const growth = this.replacements.reduce((product, each) => product * this.growthOf(each), 1);
    if (growth <= MAX_GROWTH) return;
    throw refused(
      'text_growth',
      'What is replaced in this query could become very long. Replace with shorter texts, or fewer times.',
    );
  }

  /** A pattern may match anywhere, the empty text as well. */
  private growthOf({ name, from, to }: Replacement): number {
    const length = to?.length ?? this.longest;
    return Math.max(1, name === 'replace' && from !== undefined ? length / Math.max(1, from.length) : length);
  }
}

function constantOf(argument: unknown): string | undefined {
  if (argument === undefined) return undefined;
  const { type, node } = unwrap(argument);
  return type === 'A_Const' && 'sval' in node ? textOf(node.sval) : undefined;
}

/** The parser leaves out what is empty. */
function textOf(sval: unknown): string | undefined {
  if (typeof sval !== 'object' || sval === null) return undefined;
  const text = (sval as TreeNode).sval ?? '';
  return typeof text === 'string' ? text : undefined;
}
