import { readFileSync } from 'node:fs';
import { CLOSE_DATABASE, FUNCTIONS_OF_NOBODY } from './restricted-role.js';

const SCRIPT = new URL('../../../../../scripts/tool-database-role.sql', import.meta.url);

describe('the functions that nobody needs in a query', () => {
  it('are the same in the operators’ script and in the example', () => {
    expect(readFileSync(SCRIPT, 'utf8')).toContain(FUNCTIONS_OF_NOBODY);
    expect(CLOSE_DATABASE).toContain(FUNCTIONS_OF_NOBODY);
  });
});
