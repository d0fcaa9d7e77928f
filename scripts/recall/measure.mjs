/*
 * How much of what a question needs is found again in a long conversation, at the same number of tokens:
 *
 *   npm run build && npm run recall:measure -- <file or folder> [--database <postgres URL>] [--half tune|report|all]
 *
 * The set is LoCoMo (github.com/snap-research/locomo): `data/locomo10.json`, or the folder of `data/locomo10.zip`. Each
 * conversation becomes one of Perch's in a scratch database, and each question is put to the real MessageRecall. Turns are
 * taken best first until the budget is full; recall is the share of the turns with evidence among them. Compared: the newest
 * turns, full text alone, and both with what the texts mean. Weights are tuned on the conversations with even places.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { v7 } from 'uuid';
import { createDataSource } from '../../dist/database/data-source.js';
import { migrate } from '../../dist/database/migrate.js';
import { estimateMessageTokens } from '../../dist/modules/agent/context/history-window.js';
import { MessageRecallRepository } from '../../dist/modules/conversation/recall/message-recall.repository.js';
import { MessageVectorsRepository } from '../../dist/modules/conversation/recall/message-vectors.repository.js';
import { LocalEmbeddingProvider } from '../../dist/modules/providers/embeddings/local/local-embedding.provider.js';

const BUDGETS = [500, 1000, 2000];
const MOST_TURNS = 60;
const NEVER = new AbortController().signal;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    database: { type: 'string', default: 'postgres://postgres@127.0.0.1:5432/postgres' },
    half: { type: 'string', default: 'report' },
  },
});
const [source] = positionals;
if (!source) throw new Error('usage: npm run recall:measure -- <locomo10.json or folder> [--database <URL>]');

const name = `perch_recall_${process.pid}`;
const server = await createDataSource({ url: values.database, poolSize: 1 }).initialize();
await server.query(`CREATE DATABASE ${name}`);
const url = new URL(values.database);
url.pathname = `/${name}`;
const dataSource = await createDataSource({ url: url.href, poolSize: 4 }).initialize();
const provider = new LocalEmbeddingProvider();
try {
  await migrate(dataSource);
  await measure();
} finally {
  await provider.stop();
  await dataSource.destroy();
  await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await server.destroy();
}

async function measure() {
  const recall = new MessageRecallRepository(dataSource);
  const userId = await aUser();
  const sums = new Map();
  const times = { text: [], hybrid: [] };
  const isWanted = (index) =>
    values.half === 'all' || (values.half === 'tune' ? index % 2 === 0 : index % 2 === 1);
  let questions = 0;
  for (const { messages, asked } of conversationsIn(source).filter((_, index) => isWanted(index))) {
    const conversationId = await store(userId, messages);
    const turns = turnsOf(messages);
    const turnOf = new Map(turns.flatMap((turn) => turn.map(({ seq }) => [seq, turn[0].seq])));
    const costOf = new Map(
      turns.map((turn) => [
        turn[0].seq,
        turn.reduce((sum, message) => sum + estimateMessageTokens(message), 0),
      ]),
    );
    for (const { question, evidence } of asked) {
      const needed = new Set(
        evidence
          .flatMap((id) => messages.filter((message) => message.dialogId === id))
          .map(({ seq }) => turnOf.get(seq)),
      );
      if (needed.size === 0) continue;
      questions += 1;
      const query = {
        userId,
        conversationId,
        text: question,
        beforeSeq: messages.length + 1,
        limit: MOST_TURNS,
      };
      const {
        vectors: [vector],
      } = await provider.embed([question], NEVER);
      const ways = {
        recency: turns.map(([first]) => first.seq).reverse(),
        text: await timed(times.text, () => recall.find({ ...query, meaning: undefined })),
        hybrid: await timed(times.hybrid, () =>
          recall.find({ ...query, meaning: { model: provider.model, vector } }),
        ),
      };
      for (const [way, order] of Object.entries(ways)) {
        for (const budget of BUDGETS) {
          const key = `${way} ${budget}`;
          sums.set(key, (sums.get(key) ?? 0) + shareFound(order, needed, costOf, budget));
        }
      }
    }
  }
  console.log(`${questions} questions (${values.half})`);
  console.log(['tokens', 'recency', 'full text', 'hybrid'].map((text) => text.padEnd(10)).join(''));
  for (const budget of BUDGETS) {
    const shares = ['recency', 'text', 'hybrid'].map((way) => sums.get(`${way} ${budget}`) / questions);
    console.log(
      [String(budget), ...shares.map((share) => share.toFixed(4))].map((text) => text.padEnd(10)).join(''),
    );
  }
  for (const way of ['text', 'hybrid']) {
    const sorted = times[way].sort((a, b) => a - b);
    console.log(`${way}: median ${sorted[Math.floor(sorted.length / 2)].toFixed(1)} ms per statement`);
  }
}

async function timed(times, find) {
  const from = performance.now();
  const found = await find();
  times.push(performance.now() - from);
  return found.map(({ messages }) => messages[0].seq);
}

function shareFound(order, needed, costOf, budget) {
  let left = budget;
  let found = 0;
  for (const turn of order) {
    const cost = costOf.get(turn);
    if (cost > left) continue;
    left -= cost;
    if (needed.has(turn)) found += 1;
  }
  return found / needed.size;
}

function turnsOf(messages) {
  const turns = [];
  for (const message of messages) {
    if (message.role === 'user' || turns.length === 0) turns.push([message]);
    else turns.at(-1).push(message);
  }
  return turns;
}

function conversationsIn(path) {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((file) => file.endsWith('.json'))
        .sort()
        .map((file) => join(path, file))
    : [path];
  return files.flatMap((file) => [JSON.parse(readFileSync(file, 'utf8'))].flat()).map(toConversation);
}

/** The first speaker is the user, the second the assistant; who speaks is part of what is said. */
function toConversation(sample) {
  const talk = sample.conversation ?? sample;
  const messages = [];
  const sessions = Object.keys(talk)
    .filter((key) => /^session_\d+$/.test(key))
    .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)));
  for (const { dia_id: dialogId, speaker, text, blip_caption: caption } of sessions.flatMap(
    (key) => talk[key],
  )) {
    const said = `${speaker}: ${text ?? ''}${caption ? ` [${caption}]` : ''}`;
    messages.push({
      seq: messages.length + 1,
      dialogId,
      role: speaker === talk.speaker_a ? 'user' : 'assistant',
      parts: [{ type: 'text', text: said }],
    });
  }
  return { messages, asked: sample.qa.map(({ question, evidence = [] }) => ({ question, evidence })) };
}

async function aUser() {
  const id = v7();
  await dataSource.query(
    `INSERT INTO user_account (id, email, password_hash, tier, roles, permissions, created_at, updated_at)
     VALUES ($1, 'recall@example.com', 'x', 'free', '{user}', '{}', now(), now())`,
    [id],
  );
  return id;
}

async function store(userId, messages) {
  const id = v7();
  await dataSource.query(
    `INSERT INTO conversation (id, user_id, title, created_at, updated_at, expires_at)
     VALUES ($1, $2, 'measured', now(), now(), now() + interval '1 day')`,
    [id, userId],
  );
  await dataSource.query(
    `INSERT INTO message (id, conversation_id, user_id, seq, role, parts, status, created_at)
     SELECT m.id, $1, $2, m.seq, m.role, m.parts, 'complete', now()
       FROM jsonb_to_recordset($3::jsonb) AS m(id uuid, seq integer, role text, parts jsonb)`,
    [id, userId, JSON.stringify(messages.map((message) => ({ ...message, id: v7() })))],
  );
  const vectors = new MessageVectorsRepository(dataSource);
  for (let after = '00000000-0000-0000-0000-000000000000'; after !== undefined;) {
    const { messages: claimed, next } = await vectors.claimMissed(provider.model, after, 32);
    const { vectors: found } = await provider.embed(
      claimed.map(({ text }) => text),
      NEVER,
    );
    await vectors.store(
      userId,
      provider.model,
      claimed.map((message, index) => ({ id: message.id, vector: found[index] })),
    );
    after = next;
  }
  return id;
}
