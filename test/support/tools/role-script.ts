import { readFileSync } from 'node:fs';

const SCRIPT = new URL('../../../scripts/tool-database-role.sql', import.meta.url);

export interface RoleScriptSettings {
  readonly role: string;
  readonly password: string;
  /** Separated by commas. */
  readonly schemas: string;
  readonly keepForOthers: boolean;
}

/** The operators' script with its settings filled in, as an operator does it by hand. */
export function roleScript({ role, password, schemas, keepForOthers }: RoleScriptSettings): string {
  return Object.entries({
    [`'perch.reader_role', 'perch_reader'`]: `'perch.reader_role', '${role}'`,
    [`'perch.reader_password', ''`]: `'perch.reader_password', '${password}'`,
    [`'perch.reader_schemas', 'public'`]: `'perch.reader_schemas', '${schemas}'`,
    [`'perch.keep_for_others', 'on'`]: `'perch.keep_for_others', '${keepForOthers ? 'on' : 'off'}'`,
  }).reduce(
    (script, [before, after]) => {
      if (!script.includes(before)) throw new Error(`the script does not say ${before}`);
      return script.replace(before, after);
    },
    readFileSync(SCRIPT, 'utf8'),
  );
}
