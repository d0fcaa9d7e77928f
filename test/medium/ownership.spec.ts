import { inspect } from 'node:util';
import { QueryFailedError, type DataSource } from 'typeorm';
import { v7 } from 'uuid';
import { RunEventRepository } from '../../src/modules/agent/events/run-event.repository.js';
import { IdempotencyKeyRepository } from '../../src/modules/agent/idempotency/idempotency-key.repository.js';
import { RunQueueRepository } from '../../src/modules/agent/ownership/run-queue.repository.js';
import { type Admission, RunAdmissionRepository } from '../../src/modules/agent/run-admission.repository.js';
import { SpendingReportRepository } from '../../src/modules/agent/spending/spending-report.repository.js';
import { RefreshTokenRepository } from '../../src/modules/auth/refresh-token.repository.js';
import { UserAccountRepository } from '../../src/modules/auth/user-account.repository.js';
import { ConversationRepository } from '../../src/modules/conversation/conversation.repository.js';
import { MessageRecallRepository } from '../../src/modules/conversation/recall/message-recall.repository.js';
import { SpendingLedgerRepository } from '../../src/modules/rate-limit/spending-ledger.repository.js';
import { ToolCredentialRepository } from '../../src/modules/tools/mcp/credentials/tool-credential.repository.js';
import { aRunRepository, aToolApprovalRepository, anAdmission } from '../support/agent/agent-rows.js';
import { ACCOUNT_ACTS } from '../support/ownership/account-acts.js';
import type { Act, Acts } from '../support/ownership/act.js';
import { CONTENT_ACTS } from '../support/ownership/content-acts.js';
import { ERASURE_ACTS } from '../support/ownership/erasure-acts.js';
import { OneConnection } from '../support/ownership/one-connection.js';
import {
  countOwnerConditions,
  flat,
  ownerConditionIn,
  repositoryMethods,
  withoutOwner,
  writtenOwnerConditions,
} from '../support/ownership/owner-conditions.js';
import {
  addOwner,
  addStranger,
  BUSY,
  CONVERSATION,
  FAMILY,
  GONE_RUN,
  KEYED_RUN,
  MODEL,
  NOW,
  OWNER,
  ownerStateQuery,
  QUEUED_RUN,
  RUN,
  SIDE_CALL,
  STRANGER,
  VECTOR,
  WAITING_RUN,
} from '../support/ownership/two-users.js';
import { createTestDatabase, type TestDatabase } from '../support/servers/test-database.js';

const MINE = CONVERSATION[OWNER]!;
const PERIOD = { from: new Date('2026-11-01'), to: new Date('2026-12-01') };
const NEW = v7();

const conversations = (source: DataSource): ConversationRepository => new ConversationRepository(source);
const recall = (source: DataSource): MessageRecallRepository => new MessageRecallRepository(source);
const queue = (source: DataSource): RunQueueRepository => new RunQueueRepository(source, source as never);
const keys = (source: DataSource): IdempotencyKeyRepository => new IdempotencyKeyRepository(source);
const reports = (source: DataSource): SpendingReportRepository => new SpendingReportRepository(source);
const credentials = (source: DataSource): ToolCredentialRepository => new ToolCredentialRepository(source);
const tokens = (source: DataSource): RefreshTokenRepository => new RefreshTokenRepository(source);
const events = (source: DataSource): RunEventRepository => new RunEventRepository(source);

const search = (me: string, text: string): Parameters<MessageRecallRepository['find']>[0] => ({
  userId: me,
  conversationId: MINE,
  text,
  beforeSeq: 100,
  limit: 5,
  meaning: { model: MODEL, vector: VECTOR },
});

type Admit = (
  admissions: RunAdmissionRepository,
  session: string,
  admission: Admission,
) => Promise<{ outcome: string }>;

/**
 * A way of admitting a run: into the owner's conversation; with the owner's key in one's own; with one's own key, that is
 * called like the owner's, in the owner's conversation and in one's own.
 */
function admitting(admit: Admit): Act[] {
  const run =
    (session: (me: string) => string, options: (me: string) => Partial<Admission>): Act =>
    async (source, me) =>
      (
        await admit(new RunAdmissionRepository(source), session(me), {
          ...anAdmission({ userId: me } as never),
          ...options(me),
        })
      ).outcome;
  const idempotencyKey = 'claimed';
  const own = (me: string): string => CONVERSATION[me]!;
  return [
    run(
      () => MINE,
      () => ({}),
    ),
    run(own, () => ({ idempotencyKey, runId: KEYED_RUN[OWNER]! })),
    run(
      () => MINE,
      (me) => ({ idempotencyKey, runId: KEYED_RUN[me]! }),
    ),
    run(own, (me) => ({ idempotencyKey, runId: KEYED_RUN[me]! })),
    run(
      (me) => BUSY[me]!,
      () => ({ idempotencyKey, runId: KEYED_RUN[OWNER]! }),
    ),
  ];
}

/** Every method of a repository that is about a user, and how somebody else would call it. */
const ACTS: Acts = {
  ...ACCOUNT_ACTS,
  ...CONTENT_ACTS,
  ...ERASURE_ACTS,

  'ConversationRepository.findPage': [
    (source, me) =>
      conversations(source)
        .findPage(me, { now: NOW, limit: 9, search: 'title' })
        .then((found) => found.filter(({ id }) => id !== CONVERSATION[me] && id !== BUSY[me])),
    (source, me) => conversations(source).findPage(me, { now: NOW, limit: 9, search: 'elephants' }),
  ],
  'ConversationRepository.findOne': [(source, me) => conversations(source).findOne(me, MINE, NOW)],
  'ConversationRepository.findMessages': [
    (source, me) => conversations(source).findMessages(me, MINE, { limit: 9 }),
  ],
  'ConversationRepository.findContext': [
    (source, me) => conversations(source).findContext(me, MINE, { limit: 9, beforeSeq: 100 }),
  ],
  'ConversationRepository.rename': [(source, me) => conversations(source).rename(me, MINE, 'mine now', NOW)],
  'ConversationRepository.remove': [(source, me) => conversations(source).remove(me, MINE, NOW)],
  'MessageRecallRepository.find': [
    (source, me) => recall(source).find(search(me, 'elephants')),
    (source, me) => recall(source).find(search(me, 'nothing of it')),
  ],

  'RunRepository.findOne': [
    (source, me) => aRunRepository(source).findOne(me, RUN),
    (source, me) => aRunRepository(source).findOne(me, WAITING_RUN),
  ],
  'RunQueueRepository.countQueuedOf': [(source, me) => queue(source).countQueuedOf(me)],
  'RunQueueRepository.countDrivenOf': [(source, me) => queue(source).countDrivenOf(me)],
  'RunQueueRepository.endAllOf': [(source, me) => queue(source).endAllOf(me)],
  'RunQueueRepository.findReference': [(source, me) => queue(source).findReference(me, RUN)],
  'RunQueueRepository.cancel': [RUN, QUEUED_RUN, WAITING_RUN].map(
    (run): Act =>
      (source, me) =>
        queue(source).cancel(me, run, { id: 1, event: { type: 'step-start', step: 1 } }),
  ),
  'RunEventRepository.readAfter': [
    (source, me) => events(source).readAfter({ userId: me, runId: RUN, sessionId: BUSY[OWNER]! }, 0),
  ],
  'RunEventRepository.restarts': [
    (source, me) => events(source).restarts({ userId: me, runId: RUN, sessionId: BUSY[OWNER]! }),
  ],
  'ToolApprovalRepository.decide': [
    (source, me) =>
      aToolApprovalRepository(source).decide(
        me,
        WAITING_RUN,
        'call',
        { decision: 'approved', reason: undefined },
        'r',
      ),
  ],
  'ToolApprovalRepository.ofRun': [(source, me) => aToolApprovalRepository(source).ofRun(me, WAITING_RUN)],

  'RunAdmissionRepository.startInNewConversation': admitting((admissions, _, admission) =>
    admissions.startInNewConversation(NEW, 'a title', admission),
  ),
  'RunAdmissionRepository.queueInNewConversation': admitting((admissions, _, admission) =>
    admissions.queueInNewConversation(NEW, 'a title', admission),
  ),
  'RunAdmissionRepository.startInConversation': [
    ...admitting((admissions, session, admission) =>
      admissions.startInConversation(session, admission, 'reject'),
    ),
    ...admitting((admissions, session, admission) =>
      admissions.startInConversation(session, admission, 'enqueue'),
    ),
  ],
  'RunAdmissionRepository.queueInConversation': [
    ...admitting((admissions, session, admission) =>
      admissions.queueInConversation(session, admission, 'reject'),
    ),
    ...admitting((admissions, session, admission) =>
      admissions.queueInConversation(session, admission, 'enqueue'),
    ),
  ],
  'RunAdmissionRepository.cancelBefore': [
    (source, me) => new RunAdmissionRepository(source).cancelBefore(BUSY[OWNER]!, me, 100),
  ],

  'IdempotencyKeyRepository.claim': [(source, me) => keys(source).claim(me, 'used', Buffer.from('y'), NEW)],
  'IdempotencyKeyRepository.find': [(source, me) => keys(source).find(me, 'used')],
  'IdempotencyKeyRepository.release': [
    (source, me) => keys(source).release(me, 'claimed', KEYED_RUN[OWNER]!),
  ],

  'SpendingReportRepository.ofUser': [(source, me) => reports(source).ofUser(me, PERIOD, 'day')],
  'SpendingReportRepository.costOfDays': [(source, me) => reports(source).costOfDays(me, PERIOD.from)],
  'SpendingReportRepository.costOfActiveDays': [
    (source, me) => reports(source).costOfActiveDays(me, PERIOD, 9),
  ],
  'SpendingLedgerRepository.spendingOf': [
    (source, me) =>
      new SpendingLedgerRepository(source).spendingOf(me, NOW, [GONE_RUN]).then(({ open, ...sums }) => ({
        ...sums,
        open: [RUN, SIDE_CALL, GONE_RUN].map((one) => open.some(({ id }) => id === one)),
      })),
  ],

  'ToolCredentialRepository.find': [(source, me) => credentials(source).find(me, 'a-server')],
  'ToolCredentialRepository.dates': [(source, me) => credentials(source).dates(me)],
  'ToolCredentialRepository.save': [
    (source, me) => credentials(source).save(me, 'a-server', Buffer.from('y'), NOW),
  ],
  'ToolCredentialRepository.remove': [(source, me) => credentials(source).remove(me, 'a-server')],

  'UserAccountRepository.findWithSession': [
    (source, me) => new UserAccountRepository(source).findWithSession(me, FAMILY),
  ],
  'RefreshTokenRepository.revokeFamily': [
    (source, me) => tokens(source).revokeFamily({ sessionId: FAMILY, userId: me }, NOW),
  ],
  'RefreshTokenRepository.findOpen': [(source, me) => tokens(source).findOpen(me, NOW, 9)],
  'RefreshTokenRepository.revokeAll': [(source, me) => tokens(source).revokeAll(me, NOW)],
  'RefreshTokenRepository.removeExpired': [(source, me) => tokens(source).removeExpired(me, NOW)],
};

/** Methods that speak of a user and cannot be called with somebody else's id, and why. */
const NOT_CALLED_FOR_A_USER: Readonly<Record<string, string>> = {
  'AccountTokenRepository.find': 'whoever has the token is its user',
  'AlertRepository.raise': 'it writes rows of users, and reads none',
  'ApiKeyRepository.findByHash': 'whoever has the key is its user',
  'ExternalIdentityRepository.find': 'whoever the provider vouches for is its user',
  'ExternalIdentityRepository.insert': 'it makes an account for an identity that has none',
  'ExternalIdentityRepository.markGone': 'it changes identities that are nobody’s any more',
  'MessageVectorsRepository.claimMissed': 'it is work in the background, and over all users',
  'RefreshTokenRepository.find': 'whoever has the token is its user',
  'RefreshTokenRepository.insertFirst': 'it writes a row of a new session',
  'RefreshTokenRepository.rotate': 'whoever has the token is its user',
  'RunJournalRepository.close': 'the run is fenced by its owner’s epoch, which nobody else has',
  'SideCallRepository.begin': 'it writes a row of a new call',
  'SideCallRepository.endLost': 'it is work in the background, and over all users',
  'SpendingReportRepository.byUser': 'it is for administrators, and over all users',
};

/**
 * Conditions that are not missed when they alone are gone, and why. They stay: whoever changes the other one should not have to know.
 * Without all conditions of its act each of these acts is noticed.
 */
const BACKED_BY_ANOTHER: Readonly<Record<string, string>> = {
  'ConversationRepository.findPage: WHERE terms @@ (SELECT query FROM wanted) AND user_id = $1':
    'the words are looked for with the user’s id among them, and the conversations are asked for by user',
  'ConversationRepository.pin: 1 FROM conversation WHERE id = $1 AND user_id = $2':
    'the message is asked for by user as well, and both are needed',
  'ConversationRepository.pin: message m WHERE m.id = $2 AND m.conversation_id = $1 AND m.user_id = $3':
    'it is asked for only when the conversation was found by its user',
  'ConversationRepository.pin: message SET pinned = $3 WHERE id = $1 AND user_id = $2':
    'it is changed only when the message was found by its user',
  'ConversationSummariesRepository.claim: => 300) FROM conversation c WHERE c.id = $1 AND c.user_id = $2':
    'of messages of another user there is nothing to sum up',
  'ConversationSummariesRepository.claim: FROM message m WHERE m.conversation_id = $1 AND m.user_id = $2':
    'the conversation itself is asked for by user',
  'MessageRecallRepository.find: @@ word.query WHERE i.conversation_id = $1 AND i.user_id = $2':
    'the messages themselves are asked for by user',
  'MessageRecallRepository.find: FROM message_vector WHERE conversation_id = $1 AND user_id = $2':
    'the messages themselves are asked for by user',
  'MessageRecallRepository.find: m.seq FROM message m WHERE m.conversation_id = $1 AND m.user_id = $2':
    'there are no candidates of another user',
  'MessageRecallRepository.find: FROM message m WHERE m.conversation_id = $1 AND m.user_id = $2':
    'there are no candidates of another user',
  'RunRepository.findOne: cost_usd FROM usage_record WHERE run_id = $1 AND user_id = $2':
    'it is asked for only when the run was found by its user',
  'ToolApprovalRepository.decide: status FROM run WHERE id = $1 AND user_id = $2':
    'the approval is asked for by user as well, and both are needed',
  'ToolApprovalRepository.decide: AS is_over FROM tool_approval WHERE run_id = $1 AND user_id = $2':
    'the run is asked for by user as well, and both are needed',
  'RunAdmissionRepository.queueInConversation: > 0 AS is_busy FROM conversation WHERE id = $1 AND user_id = $2':
    'it only locks the row; what is in the way is asked for by user afterwards',
};

/** A database, and what of it is the owner's. */
interface World {
  readonly database: TestDatabase;
  readonly one: OneConnection;
  readonly stateQuery: string;
  readonly state: string;
}

async function aWorld(populate: (dataSource: DataSource) => Promise<void>): Promise<World> {
  const database = await createTestDatabase();
  await populate(database.dataSource);
  const one = await OneConnection.of(database.dataSource);
  const stateQuery = await ownerStateQuery(database.dataSource);
  return { database, one, stateQuery, state: await stateOf(database.dataSource, stateQuery) };
}

async function stateOf(dataSource: DataSource, stateQuery: string): Promise<string> {
  const [row] = await dataSource.query<{ state: string }[]>(stateQuery);
  return row!.state;
}

/** What comes of it when `me` does it there, with the statements changed like this. Nothing of it is kept. */
async function outcomeOf(
  { one, stateQuery, state }: World,
  act: Act,
  me: string,
  rewrite = (sql: string): string => sql,
): Promise<string> {
  const { dataSource } = one;
  return one.discarding(async () => {
    try {
      const result = inspect(await one.rewriting(rewrite, () => act(dataSource, me)), { depth: null });
      return (await stateOf(dataSource, stateQuery)) === state
        ? result
        : `${result}, and changes the owner’s`;
    } catch (error) {
      const code = error instanceof QueryFailedError && (error.driverError as { code?: string }).code;
      // Another error is a statement that is not one, and proves nothing.
      if (!code || !code.startsWith('23')) throw error;
      return `violates ${code}`;
    }
  });
}

describe('what is one user’s', () => {
  /** With the owner, and as if there had never been one. */
  let shared: World;
  let alone: World;

  beforeAll(async () => {
    shared = await aWorld(async (dataSource) => {
      await addStranger(dataSource);
      await addOwner(dataSource);
    });
    alone = await aWorld(addStranger);
  });
  afterAll(async () => {
    for (const { one, database } of [shared, alone]) {
      await one.release();
      await database.drop();
    }
  });

  it('has an act for every method of a repository that is about a user', () => {
    const expected = repositoryMethods().flatMap(({ name, isAboutUser }) => (isAboutUser ? [name] : []));
    // A method that is missing here needs a line in ACTS; one that cannot be asked for another user's, its reason.
    expect([...Object.keys(ACTS), ...Object.keys(NOT_CALLED_FOR_A_USER)].sort()).toEqual(expected.sort());
  });

  it.each(Object.entries(ACTS))('%s treats another user’s as if it had never been there', async (_, acts) => {
    const differences: boolean[] = [];
    for (const act of acts) {
      const outcome = await outcomeOf(shared, act, STRANGER);
      expect(outcome).toBe(await outcomeOf(alone, act, STRANGER));
      differences.push(outcome !== (await outcomeOf(shared, act, OWNER)));
    }
    // Else there would be nothing to find.
    expect(differences).toContain(true);
  });

  it('is so by every single condition: without it the test above fails', async () => {
    const executed = new Set<string>();
    const noticed = new Set<string>();
    const missed = new Map<string, string>();
    for (const [name, acts] of Object.entries(ACTS)) {
      for (const act of acts) {
        await outcomeOf(shared, act, OWNER);
        const ofOwner = new Set(shared.one.statements);
        const expected = await outcomeOf(shared, act, STRANGER);
        const ofStranger = new Set(shared.one.statements);
        const isNoticed = async (rewrite: (sql: string) => string): Promise<boolean> =>
          (await outcomeOf(shared, act, STRANGER, rewrite)) !== expected;
        for (const statement of new Set([...ofOwner, ...ofStranger])) {
          executed.add(flat(statement));
          for (let index = 0; index < countOwnerConditions(statement); index += 1) {
            const mutant = `${statement} ${index}`;
            if (noticed.has(mutant)) continue;
            const rewrite = (sql: string): string => (sql === statement ? withoutOwner(sql, index) : sql);
            if (ofStranger.has(statement) && (await isNoticed(rewrite))) noticed.add(mutant);
            else missed.set(mutant, `${name}: ${ownerConditionIn(statement, index)}`);
          }
        }
      }
    }
    for (const mutant of noticed) missed.delete(mutant);
    report(noticed.size, [...missed.values()]);
    const unseen = writtenOwnerConditions().filter(
      ({ snippet }) => ![...executed].some((statement) => statement.includes(snippet)),
    );
    expect(unseen).toEqual([]);
    expect([...new Set(missed.values())].sort()).toEqual(Object.keys(BACKED_BY_ANOTHER).sort());
  }, 120_000);

  it('is so where one condition backs another: without all of them it fails', async () => {
    const names = new Set(Object.keys(BACKED_BY_ANOTHER).map((one) => one.slice(0, one.indexOf(':'))));
    for (const name of names) {
      const outcomes: boolean[] = [];
      for (const act of ACTS[name]!) {
        const expected = await outcomeOf(shared, act, STRANGER);
        outcomes.push(
          (await outcomeOf(shared, act, STRANGER, (sql) => withoutOwner(sql, 'all'))) !== expected,
        );
      }
      expect([name, outcomes]).toEqual([name, expect.arrayContaining([true])]);
    }
  });
});

/** `npm run mutate:owners` prints it. */
function report(noticed: number, missed: readonly string[]): void {
  if (process.env['PERCH_TEST_REPORT'] === undefined) return;
  const lines = missed.map(
    (one) => `  backed by another: ${one}: ${BACKED_BY_ANOTHER[one] ?? 'NOT LISTED'}\n`,
  );
  process.stdout.write(
    `owner conditions taken out: ${noticed} noticed, ${missed.length} not\n${lines.join('')}`,
  );
}
