import { refused, type SqlRefused } from './sql-refused.js';

/** PostgreSQL's own syntax tree, as its parser gives it. */
export interface SyntaxTree {
  readonly stmts?: readonly { readonly stmt?: unknown }[];
}

/** A node without the name of its type. Members that are false, 0 or empty are left out. */
export type TreeNode = Readonly<Record<string, unknown>>;

/** A node as it stands in lists: `{Type: {…}}`. */
export function unwrap(value: unknown): { type: string; node: TreeNode } {
  const entries = Object.entries(asNode(value));
  if (entries.length !== 1) throw unknownForm();
  const [type, node] = entries[0]!;
  return { type, node: asNode(node) };
}

export function asNode(value: unknown): TreeNode {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unknownForm();
  return value as TreeNode;
}

/** The parts of a name. */
export function stringsOf(list: unknown): string[] {
  if (!Array.isArray(list)) throw unknownForm();
  return list.map((item) => {
    const { type, node } = unwrap(item);
    if (type !== 'String' || typeof node.sval !== 'string') throw unknownForm();
    return node.sval;
  });
}

export function unknownForm(): SqlRefused {
  return refused('node_denied', 'This form of query is not possible here.');
}
