import fc from 'fast-check';
import { inStoredOrder } from '../../../../src/modules/agent/context/stored-order.js';
import type { JsonValue } from '../../../../src/shared/llm/json.js';
import type { Message } from '../../../../src/shared/llm/message.js';
import { createTestDatabase, type TestDatabase } from '../../../support/servers/test-database.js';

function resultOf(result: JsonValue): Message {
  return {
    role: 'tool',
    parts: [{ type: 'tool-result', toolCallId: 'c', toolName: 't', result, isError: false, durationMs: 1 }],
  };
}

function textOf(message: Message): string {
  return message.parts.map((part) => (part.type === 'tool-result' ? JSON.stringify(part.result) : '')).join();
}

/** What can be stored: no NUL, no half of a surrogate pair, no name that JavaScript would move to the front. */
const name = fc
  .string({ unit: 'grapheme', maxLength: 6 })
  .filter((text) => !text.includes('\0') && !/^\d+$/.test(text) && text !== '__proto__');
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    name,
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 6 }),
  ),
}));

describe('a message in the order in which it is stored', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('is the text that comes back from the database', async () => {
    const values = fc.sample(value, 300);
    const rows = await database.dataSource.query<{ stored: JsonValue }[]>(
      `SELECT item AS stored FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(item, place) ORDER BY place`,
      [JSON.stringify(values)],
    );
    expect(values.map((result) => textOf(inStoredOrder(resultOf(result))))).toEqual(
      rows.map(({ stored }) => textOf(resultOf(stored))),
    );
  });
});
