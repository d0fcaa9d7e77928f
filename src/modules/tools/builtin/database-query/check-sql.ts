import { NameChecks, type ReadableNames } from './check-names.js';
import { type Member, NODES } from './sql-allow-list.js';
import { refused } from './sql-refused.js';
import { asNode, stringsOf, type SyntaxTree, type TreeNode, unknownForm, unwrap } from './syntax-tree.js';
import { TextGrowth } from './text-growth.js';

type Names = ReadonlySet<string>;

/** Deeper is no query of an analyst; the tree is walked by recursion. */
const MAX_DEPTH = 200;
/** Every position that the parser adds to a node. */
const LOCATION = 'location';

/**
 * Refuses whatever is not one SELECT over readable tables, made of what `sql-allow-list.ts` allows. Throws `ToolError` with
 * `sql_not_allowed` and the reason.
 */
export function checkSql(tree: SyntaxTree, readable: ReadableNames): void {
  const statements = tree.stmts ?? [];
  if (statements.length !== 1) throw refused('multi_statement', 'Write exactly one statement.');
  const { type, node } = unwrap(statements[0]!.stmt);
  if (type !== 'SelectStmt')
    throw refused('not_select', 'Only SELECT is possible here: nothing can be changed.');
  const check = new Check(readable);
  check.walk(type, node, new Set(), 0);
  check.growth.check();
}

class Check {
  readonly growth = new TextGrowth();
  private readonly names: NameChecks;

  constructor(readable: ReadableNames) {
    this.names = new NameChecks(readable);
  }

  walk(type: string, node: TreeNode, ctes: Names, depth: number): void {
    if (depth > MAX_DEPTH) throw refused('too_deep', 'The query is nested too deeply.');
    const members = Object.hasOwn(NODES, type) ? NODES[type]! : undefined;
    if (!members)
      throw refused(`node_denied:${type}`, `This kind of expression is not possible here (${type}).`);
    for (const name of Object.keys(node)) {
      if (name === LOCATION || Object.hasOwn(members, name)) continue;
      throw refused(`node_denied:${name}`, `This clause is not possible here (${type}.${name}).`);
    }
    this.checkNode(type, node, ctes);
    const inner = type === 'SelectStmt' ? this.withCtes(node, ctes, depth) : ctes;
    for (const [name, kind] of Object.entries(members)) {
      const value = node[name];
      // Walked above, each with the names that it can see.
      if (value === undefined || kind === 'value' || kind === 'WithClause') continue;
      this.walkMember(kind, value, inner, depth + 1);
    }
  }

  private walkMember(kind: Exclude<Member, 'value'>, value: unknown, ctes: Names, depth: number): void {
    if (kind === 'list') {
      if (!Array.isArray(value)) throw unknownForm();
      for (const item of value) this.walkItem(item, ctes, depth);
    } else if (kind === 'node') {
      this.walkItem(value, ctes, depth);
    } else {
      this.walk(kind, asNode(value), ctes, depth);
    }
  }

  private walkItem(value: unknown, ctes: Names, depth: number): void {
    // The parser's way to write that there is nothing.
    if (Object.keys(asNode(value)).length === 0) return;
    const { type, node } = unwrap(value);
    this.walk(type, node, ctes, depth);
  }

  /** The names that a SELECT can see: each common table expression those before it, the query itself all of them. */
  private withCtes(node: TreeNode, outer: Names, depth: number): Names {
    if (node.withClause === undefined) return outer;
    const clause = asNode(node.withClause);
    const visible = new Set(outer);
    for (const name of Object.keys(clause)) {
      if (name !== 'ctes' && name !== LOCATION) {
        throw refused(`node_denied:${name}`, 'WITH RECURSIVE is not possible here.');
      }
    }
    for (const item of (clause.ctes ?? []) as unknown[]) {
      const { type, node: cte } = unwrap(item);
      if (type !== 'CommonTableExpr') throw unknownForm();
      const query = unwrap(cte.ctequery);
      if (query.type !== 'SelectStmt')
        throw refused('dml_in_cte', 'Nothing can be changed, in a WITH clause neither.');
      this.walk(type, cte, new Set(visible), depth + 1);
      visible.add(String(cte.ctename));
    }
    return visible;
  }

  private checkNode(type: string, node: TreeNode, ctes: Names): void {
    switch (type) {
      case 'RangeVar':
        return this.names.table(node, ctes);
      case 'RangeFunction':
        return this.names.rangeFunction(node);
      case 'FuncCall':
        this.names.function(node);
        return this.growth.function(stringsOf(node.funcname).at(-1)!, node.args);
      case 'A_Const':
        return this.growth.constant(node);
      case 'SQLValueFunction':
        return this.names.valueFunction(node);
      case 'TypeName':
        return this.names.type(node);
      case 'A_Expr':
        return this.names.operator(stringsOf(node.name), node.kind);
      case 'SubLink':
        return node.operName === undefined ? undefined : this.names.operator(stringsOf(node.operName));
      case 'ColumnRef':
        return this.names.column(node.fields);
      case 'A_Indirection':
        return this.names.indirection(node.indirection);
    }
  }
}
