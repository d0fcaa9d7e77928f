import { ModelServer } from '../support/model-server/model-server.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

describe('a run in which the model writes programs', () => {
  let models: ModelServer;
  let perch: TestPerch;

  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(compatibleWith(models.url, { PERCH_CODE_TIMEOUT_MS: '1000' }));
  });
  afterAll(async () => {
    await perch.stop();
    await models.stop();
  });

  it('goes on with what they returned, or why they were stopped', async () => {
    const programs = [
      { code: 'const sum = data.reduce((a, b) => a + b); ({ sum })', data: [1, 2, 3] },
      { code: 'for (;;);' },
      { code: 'new Array(1e9) + ""' },
      { code: 'process.env' },
    ];
    models.reset().enqueue(
      {
        toolCalls: programs.map((program, n) => ({
          id: `call_${n}`,
          name: 'run_code',
          arguments: program,
        })),
      },
      { text: 'Done.' },
    );
    const user = await perch.user();
    const answer = await user.chat({ message: 'Add these up.' });
    expect(answer.content).toBe('Done.');
    expect(answer.tool_calls.map(({ is_error, result }) => [is_error, result])).toEqual([
      [false, { result: { sum: 6 } }],
      [true, { error: expect.objectContaining({ code: 'timeout' }) }],
      [true, { error: expect.objectContaining({ code: 'timeout' }) }],
      [true, { error: expect.objectContaining({ code: 'code_error' }) }],
    ]);
  });
});
