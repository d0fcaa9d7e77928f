import type { ReceivedRequest } from '../support/model-server/model-server.js';
import { ModelServer } from '../support/model-server/model-server.js';
import { asArray, isObject } from '../support/model-server/wire.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const QUESTION = 'Which customer spent most last month, and how much is that with 20 % VAT?';
const SQL = `
  SELECT c.name, sum(l.quantity * l.unit_price) AS net
    FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_lines l ON l.order_id = o.id
   WHERE o.status = 'paid' AND o.ordered_on >= date_trunc('month', now()) - interval '1 month'
     AND o.ordered_on < date_trunc('month', now())
   GROUP BY c.name ORDER BY net DESC LIMIT 1`;

interface Answer {
  readonly run_id: string;
  readonly content: string;
  readonly stop_reason: string;
  readonly tool_calls: readonly {
    readonly tool_name: string;
    readonly result: {
      readonly tables?: readonly { readonly name: string }[];
      readonly rows?: readonly (readonly [string, string])[];
      readonly value?: number;
    };
  }[];
}

/** What the tools have said in this turn, oldest first. */
function results({ body }: ReceivedRequest): { rows?: [string, string][]; value?: number }[] {
  const messages = (asArray(body.messages) ?? []).filter(isObject);
  return messages
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => JSON.parse(String(content)) as { rows?: [string, string][]; value?: number });
}

describe('a question about the example database', () => {
  let models: ModelServer;
  let perch: TestPerch;
  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(compatibleWith(models.url, { PERCH_TOOL_DATABASE_EXAMPLE: 'true' }));
  });
  afterAll(async () => {
    const [{ role }] = await perch.database.dataSource.query<[{ role: string }]>(
      `SELECT 'perch_tool_' || oid AS role FROM pg_database WHERE datname = current_database()`,
    );
    await perch.app.close();
    await perch.database.dataSource.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await perch.stop();
    await models.stop();
  });

  it('is answered with the real tools, and the trail shows who did what', async () => {
    models.reset().always((request) => {
      const [, found, vat] = results(request);
      switch (results(request).length) {
        case 0:
          return { toolCalls: [{ id: 'a', name: 'database_query', arguments: { mode: 'describe' } }] };
        case 1:
          return { toolCalls: [{ id: 'b', name: 'database_query', arguments: { mode: 'query', sql: SQL } }] };
        case 2:
          return {
            toolCalls: [
              {
                id: 'c',
                name: 'calculator',
                arguments: { expression: `round(${found!.rows![0]![1]} * 1.2, 2)` },
              },
            ],
          };
        default:
          return { text: `${found!.rows![0]![0]} spent most: ${vat!.value} EUR with VAT.` };
      }
    });
    const ada = await perch.user();
    const answer = (await ada.chat({ message: QUESTION })) as unknown as Answer;
    expect(answer.stop_reason).toBe('finished');
    const [described, found, vat] = answer.tool_calls.map(({ result }) => result);
    expect(described!.tables!.map(({ name }) => name)).toEqual([
      'example.customers',
      'example.order_lines',
      'example.orders',
      'example.products',
    ]);
    const [expected] = await perch.database.dataSource.query<[{ name: string; net: string }]>(
      SQL.replaceAll(/\b(orders|customers|order_lines)\b/g, 'example.$1'),
    );
    expect(found!.rows).toEqual([[expected.name, expected.net]]);
    expect(Number(expected.net)).toBeGreaterThan(0);
    expect(vat!.value).toBeCloseTo(Number(expected.net) * 1.2, 2);
    expect(answer.content).toBe(`${expected.name} spent most: ${vat!.value} EUR with VAT.`);

    const { id } = (await (await ada.get('/api/v1/auth/me')).json()) as { id: string };
    const trail = await perch.database.dataSource.query<{ actor_id: string; tool: string; action: string }[]>(
      `SELECT actor_id, action, after->>'tool_name' AS tool FROM audit_entry WHERE target_id = $1 ORDER BY id`,
      [answer.run_id],
    );
    expect(trail).toEqual(
      ['database_query', 'database_query', 'calculator'].map((tool) => ({
        actor_id: id,
        action: 'tool.allowed',
        tool,
      })),
    );
  });

  it('finds nothing of Perch’s own, and nothing that another user owns', async () => {
    const ada = await perch.user();
    const eve = await perch.user();
    const { id } = (await (await ada.get('/api/v1/auth/me')).json()) as { id: string };
    await perch.database.dataSource.query(
      `INSERT INTO example.customers (id, name, city, country, owner_id) VALUES (1000, 'Ada alone', 'x', 'x', $1)`,
      [id],
    );
    const ask = async (
      user: typeof ada,
      sql: string,
    ): Promise<[number, { result?: { rows: unknown[] } }]> => {
      const response = await user.post('/api/v1/agent/tools/database_query', { mode: 'query', sql });
      return [response.status, (await response.json()) as { result?: { rows: unknown[] } }];
    };
    const mine = `SELECT name FROM customers WHERE name = 'Ada alone'`;
    expect((await ask(ada, mine))[1].result!.rows).toEqual([['Ada alone']]);
    expect((await ask(eve, mine))[1].result!.rows).toEqual([]);
    for (const table of ['user_account', 'public.user_account', 'public.message', 'installation_secret']) {
      expect(await ask(eve, `SELECT * FROM ${table}`)).toMatchObject([
        422,
        { tool_error: 'sql_not_allowed' },
      ]);
    }
  });
});
