import { ToolError } from '../../tool.js';
import {
  FUNCTIONS,
  KEYWORD_OPERATORS,
  type Member,
  NODES,
  OPERATORS,
  SYSTEM_COLUMNS,
  TYPES,
  VALUE_FUNCTIONS,
} from './sql-allow-list.js';

/** Tables that may be read, as `schema.name`; names without a schema are looked for in `schemas`, in this order. */
export interface ReadableTables {
  readonly schemas: readonly string[];
  readonly tables: ReadonlySet<string>;
}

/** PostgreSQL's own syntax tree, as its parser gives it. */
export interface SyntaxTree {
  readonly stmts?: readonly { readonly stmt?: unknown }[];
}

type TreeNode = Readonly<Record<string, unknown>>;
type Names = ReadonlySet<string>;

/** Deeper is no query of an analyst; the tree is walked by recursion. */
const MAX_DEPTH = 200;
/** Every position that the parser adds to a node. */
const LOCATION = 'location';

/**
 * Refuses whatever is not one SELECT over readable tables, made of what `sql-allow-list.ts` allows. Throws `ToolError` with
 * `sql_not_allowed` and the reason.
 */
export function checkSql(tree: SyntaxTree, readable: ReadableTables): void {
  const statements = tree.stmts ?? [];
  if (statements.length !== 1) throw refused('multi_statement', 'Write exactly one statement.');
  const { type, node } = unwrap(statements[0]!.stmt);
  if (type !== 'SelectStmt')
    throw refused('not_select', 'Only SELECT is possible here: nothing can be changed.');
  new Check(readable).walk(type, node, new Set(), 0);
}

class Check {
  constructor(private readonly readable: ReadableTables) {}

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
        return this.checkTable(node, ctes);
      case 'FuncCall':
        return checkFunction(node);
      case 'TypeName':
        return checkType(node);
      case 'A_Expr':
        return checkOperator(stringsOf(node.name), node.kind);
      case 'SubLink':
        return node.operName === undefined ? undefined : checkOperator(stringsOf(node.operName));
      case 'ColumnRef':
        return checkColumn(node.fields);
      case 'A_Indirection':
      case 'ResTarget':
        return node.indirection === undefined ? undefined : checkColumn(node.indirection);
      case 'SQLValueFunction':
        if (VALUE_FUNCTIONS.has(String(node.op))) return;
        throw refused('function_denied', 'Who is asking, and where, is not a part of the data.');
      case 'RangeFunction':
        return checkRangeFunction(node);
    }
  }

  private checkTable({ schemaname, relname }: TreeNode, ctes: Names): void {
    const { schemas, tables } = this.readable;
    if (typeof relname !== 'string') throw unknownForm();
    if (schemaname === undefined) {
      if (ctes.has(relname) || schemas.some((schema) => tables.has(`${schema}.${relname}`))) return;
    } else if (typeof schemaname === 'string' && tables.has(`${schemaname}.${relname}`)) return;
    throw refused(
      'table_denied',
      `There is no table ${cut(relname)} that can be read here. Use mode "describe" to see which there are.`,
    );
  }
}

function checkFunction(node: TreeNode): void {
  const names = stringsOf(node.funcname);
  const name = names.at(-1) ?? '';
  const isKnown = names.length === 1 || (names.length === 2 && names[0] === 'pg_catalog');
  if (!isKnown || !FUNCTIONS.has(name)) {
    throw refused('function_denied', `The function ${cut(names.join('.'))} is not possible here.`);
  }
}

/** A list of columns after a function would name types that nobody has looked at; what stands in FROM is a function. */
function checkRangeFunction({ functions }: TreeNode): void {
  if (!Array.isArray(functions)) throw unknownForm();
  for (const item of functions) {
    const { type, node } = unwrap(item);
    const items = type === 'List' && Array.isArray(node.items) ? node.items : undefined;
    if (!items || unwrap(items[0]).type !== 'FuncCall') {
      throw refused('node_denied:RangeFunction', 'Only functions and tables can stand in FROM.');
    }
  }
}

function checkType({ names }: TreeNode): void {
  const parts = stringsOf(names);
  const name = parts.at(-1) ?? '';
  const isKnown = parts.length === 1 || (parts.length === 2 && parts[0] === 'pg_catalog');
  if (!isKnown || !TYPES.has(name)) {
    throw refused('cast_denied', `The type ${cut(parts.join('.'))} is not possible here.`);
  }
}

function checkOperator(names: readonly string[], kind?: unknown): void {
  const name = names.at(-1) ?? '';
  const isQualified = names.length > 1;
  if (isQualified && (names.length !== 2 || names[0] !== 'pg_catalog')) {
    throw refused('operator_denied', 'Operators cannot be named with a schema here.');
  }
  if (OPERATORS.has(name) || (String(kind).includes('BETWEEN') && KEYWORD_OPERATORS.has(name))) return;
  throw refused('operator_denied', `The operator ${cut(name)} is not possible here.`);
}

/** Columns, and members of rows. A name of a system column is refused wherever it stands. */
function checkColumn(fields: unknown): void {
  if (!Array.isArray(fields)) throw unknownForm();
  for (const field of fields) {
    const { type, node } = unwrap(field);
    if (type === 'String' && SYSTEM_COLUMNS.has(String(node.sval))) {
      throw refused('column_denied', `The column ${cut(String(node.sval))} is not a part of the data.`);
    }
  }
}

function unwrap(value: unknown): { type: string; node: TreeNode } {
  const entries = Object.entries(asNode(value));
  if (entries.length !== 1) throw unknownForm();
  const [type, node] = entries[0]!;
  return { type, node: asNode(node) };
}

function asNode(value: unknown): TreeNode {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unknownForm();
  return value as TreeNode;
}

function stringsOf(list: unknown): string[] {
  if (!Array.isArray(list)) throw unknownForm();
  return list.map((item) => {
    const { type, node } = unwrap(item);
    if (type !== 'String' || typeof node.sval !== 'string') throw unknownForm();
    return node.sval;
  });
}

function cut(text: string): string {
  return JSON.stringify(text.slice(0, 63));
}

function unknownForm(): SqlRefused {
  return refused('node_denied', 'This form of query is not possible here.');
}

/** `reason` names the rule, for tests and the log; the message is for the model. */
export class SqlRefused extends ToolError {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super('sql_not_allowed', message);
    this.name = 'SqlRefused';
  }
}

function refused(reason: string, message: string): SqlRefused {
  return new SqlRefused(reason, message);
}
