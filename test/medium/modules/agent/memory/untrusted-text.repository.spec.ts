import { v7 } from 'uuid';
import { UntrustedTextRepository } from '../../../../../src/modules/agent/memory/untrusted-text.repository.js';
import { RunAdmissionRepository } from '../../../../../src/modules/agent/run-admission.repository.js';
import type { Principal } from '../../../../../src/shared/context/principal.js';
import { anAdmission, aUser } from '../../../../support/agent/agent-rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../support/servers/test-database.js';

describe(UntrustedTextRepository.name, () => {
  let database: TestDatabase;
  let texts: UntrustedTextRepository;
  let user: Principal;
  let runId: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    texts = new UntrustedTextRepository(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    user = await aUser(database.dataSource);
    runId = await aRun(v7());
  });

  async function aRun(sessionId: string): Promise<string> {
    const admission = anAdmission(user);
    await new RunAdmissionRepository(database.dataSource).startInNewConversation(sessionId, 'x', admission);
    return admission.runId;
  }
  const answered = (tool: string, status = 'done'): Promise<unknown> =>
    database.dataSource.query(
      `INSERT INTO step (run_id, seq, step, kind, status, tool_name, started_at) VALUES ($1, 2, 1, 'tool', $2, $3, now())`,
      [runId, status, tool],
    );
  const mayBeIn = (userId = user.userId): Promise<boolean> =>
    texts.mayBeIn(userId, runId, ['calculator', 'remember']);

  it('finds none where only tools that are trusted have answered', async () => {
    expect(await mayBeIn()).toBe(false);
    await answered('calculator');
    expect(await mayBeIn()).toBe(false);
  });

  it.each([['web_fetch'], ['a tool that was taken away']])('finds what %s has answered', async (tool) => {
    await answered(tool, 'error');
    expect(await mayBeIn()).toBe(true);
    // Another user's run is like a missing one.
    expect(await mayBeIn((await aUser(database.dataSource)).userId)).toBe(false);
  });

  it('finds none in a call that has not answered', async () => {
    await answered('web_fetch', 'started');
    expect(await mayBeIn()).toBe(false);
  });

  it('finds it in a fact that came from such a text', async () => {
    await database.dataSource.query(
      `INSERT INTO user_memory (id, user_id, text, origin, is_tainted, created_at, updated_at)
       VALUES ($1, $2, 'x', 'tool', true, now(), now())`,
      [v7(), user.userId],
    );
    expect(await mayBeIn()).toBe(true);
  });
});
