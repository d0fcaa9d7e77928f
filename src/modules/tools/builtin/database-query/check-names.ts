import {
  FUNCTIONS,
  KEYWORD_OPERATORS,
  OPERATORS,
  SYSTEM_COLUMNS,
  TYPES,
  VALUE_FUNCTIONS,
} from './sql-allow-list.js';
import { refused } from './sql-refused.js';
import { stringsOf, type TreeNode, unknownForm, unwrap } from './syntax-tree.js';

/** What the names in a statement may mean. All of it is as the server sees it, under the search path of a query. */
export interface ReadableNames {
  /** Tables that may be read, as `schema.name`. */
  readonly tables: ReadonlySet<string>;
  /** Those that a name without a schema means. */
  readonly bareTables: ReadonlySet<string>;
  /** Names of columns of those tables. */
  readonly columns: ReadonlySet<string>;
  /** Functions that can be called with one argument: `x.name` means `name(x)` where there is no such column. */
  readonly callable: ReadonlySet<string>;
  /** Functions and operators of the schemas themselves, which could be taken for built-in ones of the same name. */
  readonly ownFunctions: ReadonlySet<string>;
  readonly ownOperators: ReadonlySet<string>;
}

/** Checks every name that means something in the database. Throws `SqlRefused`. */
export class NameChecks {
  constructor(private readonly readable: ReadableNames) {}

  /** A name without a schema is first one of WITH, as for the server. */
  table({ schemaname, relname }: TreeNode, ctes: ReadonlySet<string>): void {
    const { tables, bareTables } = this.readable;
    if (typeof relname !== 'string') throw unknownForm();
    if (schemaname === undefined) {
      if (ctes.has(relname) || bareTables.has(relname)) return;
    } else if (typeof schemaname === 'string' && tables.has(`${schemaname}.${relname}`)) return;
    throw refused(
      'table_denied',
      `There is no table ${cut(relname)} that can be read here. Use mode "describe" to see which there are.`,
    );
  }

  function({ funcname }: TreeNode): void {
    const names = stringsOf(funcname);
    if (!this.isBuiltin(names, this.readable.ownFunctions) || !FUNCTIONS.has(names.at(-1)!)) {
      throw refused('function_denied', `The function ${cut(names.join('.'))} is not possible here.`);
    }
  }

  valueFunction({ op }: TreeNode): void {
    if (VALUE_FUNCTIONS.has(String(op))) return;
    throw refused('function_denied', 'Who is asking, and where, is not a part of the data.');
  }

  type({ names }: TreeNode): void {
    const parts = stringsOf(names);
    // Types are not chosen by their arguments: a built-in one always goes first.
    if (!this.isBuiltin(parts, new Set()) || !TYPES.has(parts.at(-1)!)) {
      throw refused('cast_denied', `The type ${cut(parts.join('.'))} is not possible here.`);
    }
  }

  operator(names: readonly string[], kind?: unknown): void {
    const name = names.at(-1) ?? '';
    if (!this.isBuiltin(names, this.readable.ownOperators)) {
      throw refused('operator_denied', `The operator ${cut(names.join('.'))} is not possible here.`);
    }
    if (OPERATORS.has(name) || (String(kind).includes('BETWEEN') && KEYWORD_OPERATORS.has(name))) return;
    throw refused('operator_denied', `The operator ${cut(name)} is not possible here.`);
  }

  /** `o.total`; where `o` has no column of this name it is the call `total(o)`. */
  column(fields: unknown): void {
    const last = this.lastName(fields);
    if (!Array.isArray(fields) || fields.length < 2 || last === undefined) return;
    const { columns, ownFunctions } = this.readable;
    // A relation need not be the table that has the column: a function of one's own is not told apart from it.
    if (!columns.has(last) || ownFunctions.has(last)) this.calledByDot(last);
  }

  /** `(x).total` is the call `total(x)` for any value that is no row, whatever columns there are. */
  indirection(steps: unknown): void {
    if (!Array.isArray(steps)) throw unknownForm();
    for (const step of steps) {
      const name = this.lastName([step]);
      if (name !== undefined) this.calledByDot(name);
    }
  }

  /** What stands in FROM is a function; the columns that it is said to have would name types that nobody has looked at. */
  rangeFunction({ functions }: TreeNode): void {
    if (!Array.isArray(functions)) throw unknownForm();
    for (const item of functions) {
      const { type, node } = unwrap(item);
      const items = type === 'List' && Array.isArray(node.items) ? node.items : undefined;
      if (!items || unwrap(items[0]).type !== 'FuncCall') {
        throw refused('node_denied:RangeFunction', 'Only functions and tables can stand in FROM.');
      }
    }
  }

  /** The last of the names when it is one. A name of a system column is refused wherever it stands. */
  private lastName(fields: unknown): string | undefined {
    if (!Array.isArray(fields)) throw unknownForm();
    const names = fields.map((field) => {
      const { type, node } = unwrap(field);
      return type === 'String' && typeof node.sval === 'string' ? node.sval : undefined;
    });
    const system = names.find((name) => name !== undefined && SYSTEM_COLUMNS.has(name));
    if (system !== undefined) {
      throw refused('column_denied', `The column ${cut(system)} is not a part of the data.`);
    }
    return names.at(-1);
  }

  private calledByDot(name: string): void {
    if (!this.readable.callable.has(name)) return;
    const isHarmless = FUNCTIONS.has(name) || TYPES.has(name);
    if (isHarmless && !this.readable.ownFunctions.has(name)) return;
    throw refused(
      'function_denied',
      `The name ${cut(name)} cannot stand behind a dot. If it is a column, name it without the table.`,
    );
  }

  private isBuiltin(names: readonly string[], own: ReadonlySet<string>): boolean {
    if (names.length === 2) return names[0] === 'pg_catalog';
    return names.length === 1 && !own.has(names[0]!);
  }
}

function cut(text: string): string {
  return JSON.stringify(text.slice(0, 63));
}
