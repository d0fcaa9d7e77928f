import { ToolError, ToolUnavailableError } from '../../tool.js';

const DESCRIBE = 'Use mode "describe" to see the tables and columns.';

/** By SQLSTATE: what the model can do about it. The server's own words stay here, they may quote what nobody asked for. */
const MESSAGES: Readonly<Record<string, readonly [code: string, message: string]>> = {
  '42703': ['unknown_column', `There is no such column. ${DESCRIBE}`],
  '42P01': ['unknown_table', `There is no such table. ${DESCRIBE}`],
  '42883': [
    'unknown_function',
    'There is no such function or operator for values of these types. Cast them.',
  ],
  '42702': ['ambiguous_column', 'A column is in more than one table. Put the table’s name before it.'],
  '42803': [
    'not_grouped',
    'A column is neither grouped nor aggregated. Add it to GROUP BY, or aggregate it.',
  ],
  '42804': ['wrong_type', 'Values of different types meet here. Cast them.'],
  '42P10': ['invalid_query', 'ORDER BY or GROUP BY names a column that is not there.'],
  '42601': ['syntax_error', 'PostgreSQL does not understand this query.'],
  '42501': ['not_allowed', `This may not be read. ${DESCRIBE}`],
  '22012': ['division_by_zero', 'Division by zero. Use nullif(divisor, 0).'],
  '57014': ['timeout', 'The query took too long. Ask for less at a time.'],
  '53100': ['too_much', 'The query needs too much space. Ask for less at a time.'],
  '53200': ['too_much', 'The query needs too much memory. Ask for less at a time.'],
  '54000': ['too_much', 'A value would be too large. Ask for less at a time.'],
  '53400': ['too_much', 'The query needs too much space. Ask for less at a time.'],
  '54001': ['too_complex', 'The query is too complex. Ask for less at a time.'],
  '55P03': ['timeout', 'The query waited too long for another one.'],
};

/**
 * What is wrong with the database itself. Not memory that ran out, nor an internal error: a query can bring both about, and
 * who asks for too much must not have the tool taken from all others.
 */
const OUTAGE = /^(08|28|3D|53300|57P|58)/;

/** Never shows what the server has said. */
export function toQueryError(error: unknown): ToolError {
  if (error instanceof ToolError) return error;
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const known = MESSAGES[code];
  if (known) {
    // Its name is from the query itself.
    const column =
      code === '42703' ? /^column "?([\w.]{1,63})"? does not exist/.exec(message)?.[1] : undefined;
    return new ToolError(
      known[0],
      column === undefined ? known[1] : `There is no column ${column}. ${DESCRIBE}`,
    );
  }
  if (/^[0-9A-Z]{5}$/.test(code) && !OUTAGE.test(code)) {
    return code.startsWith('22')
      ? new ToolError('invalid_value', 'A value does not have the form that its type needs.')
      : new ToolError('query_failed', 'The database refuses this query.');
  }
  return new ToolUnavailableError('The database cannot be reached at the moment.');
}
