import { ToolError } from '../../tool.js';

/** The text is not, or not certainly, a harmless query. `reason` names the rule, for tests and the log; the message is for the model. */
export class SqlRefused extends ToolError {
  constructor(
    readonly reason: string,
    message: string,
  ) {
    super('sql_not_allowed', message);
    this.name = 'SqlRefused';
  }
}

export function refused(reason: string, message: string): SqlRefused {
  return new SqlRefused(reason, message);
}
