// npm run bench: what Perch adds to the model, as ratios to a bare Express handler that calls the same official SDK,
// both measured in this run against the same model server. CPU is the target process's own, as the kernel counts it.
// `npm run bench -- --json FILE` also writes the figures.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load, openStreams } from './load.mjs';
import { startTarget } from './target.mjs';

const ROUNDS = 3;
const REQUESTS = 1500;
const STREAMS = 60;
const SHORT = 20;
const LONG = 820;
const OPEN_STREAMS = 200;
/** As `npm start` starts it. */
const START_FLAGS = ['--enable-source-maps', '--max-semi-space-size=16'];

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
/** A new account's access token. */
async function register(url) {
  const answer = await fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `bench-${Date.now()}@example.com`, password: 'a long enough password' }),
  });
  return (await answer.json()).access_token;
}

/**
 * What an idle open stream holds: memory in use after a full collection, on a process of its own. The growth of the RSS
 * stands beside it; it also counts the garbage of opening the streams, which the collector has no reason to hurry with.
 */
async function measureOpenStreams() {
  const dir = mkdtempSync(join(tmpdir(), 'perch-bench-streams-'));
  const target = await startTarget(file('perch.mjs'), { ...env, PERCH_DATA_DIR: dir }, [
    ...START_FLAGS,
    '--expose-gc',
  ]);
  try {
    const headers = { authorization: `Bearer ${await register(target.url)}` };
    const path = '/api/v1/agent/chat/stream';
    const body = { message: 'please hang', max_tokens: SHORT };
    // The first ones pay for what is loaded and compiled once.
    const warm = await openStreams(target.url, path, { count: 50, headers, body });
    await sleep(500);
    const [retainedBefore, rssBefore] = [await target.retainedBytes(), target.rssBytes()];
    const streams = await openStreams(target.url, path, { count: OPEN_STREAMS, headers, body });
    await sleep(1000);
    const rss = (target.rssBytes() - rssBefore) / OPEN_STREAMS / 1000;
    const retained = ((await target.retainedBytes()) - retainedBefore) / OPEN_STREAMS / 1000;
    await streams.close();
    await warm.close();
    return { retained, rss };
  } finally {
    await target.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * What a part of a request costs: the same build and load with it and without it, in turns. Commands and the way to the first
 * model call are counted at concurrency 1.
 */
async function measurePart(part, more = {}) {
  const targets = [];
  for (const without of ['', part]) {
    const dir = mkdtempSync(join(tmpdir(), `perch-bench-${part}-`));
    const settings = { ...env, ...more, PERCH_DATA_DIR: dir, PERCH_BENCH_WITHOUT: without };
    const target = await startTarget(file('perch.mjs'), settings, START_FLAGS);
    const headers = { authorization: `Bearer ${await register(target.url)}` };
    const chat = (count, concurrency) =>
      load(target.url, '/api/v1/agent/chat', {
        count,
        concurrency,
        headers,
        body: { message: 'Say something.', max_tokens: SHORT },
      });
    targets.push({ ...target, dir, chat });
  }
  const [on, off] = targets;
  try {
    const cpu = async (target) => {
      const before = target.cpuSeconds();
      await target.chat(REQUESTS, 16);
      return (target.cpuSeconds() - before) / REQUESTS;
    };
    for (const target of targets) await target.chat(500, 16);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const without = await cpu(off);
      const whole = await cpu(on);
      rounds.push({ ratio: whole / without, added: whole - without });
    }
    await on.chat(50, 1);
    await on.figures();
    await on.chat(300, 1);
    const { commands, quotaCommands, firstCallMs } = await on.figures();
    return {
      ratio: median(rounds.map(({ ratio }) => ratio)),
      addedMs: median(rounds.map(({ added }) => added)) * 1000,
      commands: commands / 300,
      quotaCommands: quotaCommands / 300,
      firstCallMs: median(firstCallMs),
    };
  } finally {
    for (const target of targets) {
      await target.stop();
      rmSync(target.dir, { recursive: true, force: true });
    }
  }
}

/** A Redis to measure with: the one that is named, or one on this machine; else there are no figures about it. */
async function findRedis() {
  if (process.env.PERCH_BENCH_REDIS_URL) return process.env.PERCH_BENCH_REDIS_URL;
  const isThere = await new Promise((resolve) => {
    const socket = connect(6379, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  return isThere ? 'redis://127.0.0.1:6379/15' : undefined;
}

const micro = (seconds) => Math.round(seconds * 1e6);

const dataDir = process.env.PERCH_BENCH_DATA_DIR ?? mkdtempSync(join(tmpdir(), 'perch-bench-'));
const file = (name) => new URL(name, import.meta.url).pathname;
const upstream = await startTarget(file('upstream.mjs'));
const env = { UPSTREAM_URL: upstream.url, PERCH_DATA_DIR: dataDir };
const bare = await startTarget(file('bare.mjs'), env);
const perch = await startTarget(file('perch.mjs'), env, START_FLAGS);

try {
  await sleep(2000);
  const idleRssMb = perch.rssBytes() / 1e6;
  const token = await register(perch.url);
  const targets = {
    bare: { ...bare, json: '/chat', stream: '/chat/stream', headers: {} },
    perch: {
      ...perch,
      json: '/api/v1/agent/chat',
      stream: '/api/v1/agent/chat/stream',
      headers: { authorization: `Bearer ${token}` },
    },
  };

  const cpuPer = async (target, path, { count, concurrency, tokens }) => {
    const before = target.cpuSeconds();
    const { p50 } = await load(target.url, path, {
      count,
      concurrency,
      headers: target.headers,
      body: { message: 'Say something.', max_tokens: tokens },
    });
    return { cpu: (target.cpuSeconds() - before) / count, p50 };
  };

  const figures = {};
  for (const [name, target] of Object.entries(targets)) {
    await cpuPer(target, target.json, { count: 500, concurrency: 16, tokens: SHORT });
    await cpuPer(target, target.stream, { count: 100, concurrency: 16, tokens: 200 });
    figures[name] = { request: [], token: [], p50: [] };
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, target] of Object.entries(targets)) {
      const request = await cpuPer(target, target.json, { count: REQUESTS, concurrency: 16, tokens: SHORT });
      const alone = await cpuPer(target, target.json, { count: 200, concurrency: 1, tokens: SHORT });
      const short = await cpuPer(target, target.stream, { count: STREAMS, concurrency: 16, tokens: SHORT });
      const long = await cpuPer(target, target.stream, { count: STREAMS, concurrency: 16, tokens: LONG });
      figures[name].request.push(request.cpu);
      figures[name].token.push((long.cpu - short.cpu) / (LONG - SHORT));
      figures[name].p50.push(alone.p50);
    }
  }

  const openStream = await measureOpenStreams();
  const journal = await measurePart('journal');
  const redisUrl = await findRedis();
  const quota = redisUrl && (await measurePart('quota', { REDIS_URL: redisUrl }));

  const ratio = (kind) =>
    median(figures.perch[kind].map((value, round) => value / figures.bare[kind][round]));
  const result = {
    request_cpu_us: {
      bare: micro(median(figures.bare.request)),
      perch: micro(median(figures.perch.request)),
      ratio: ratio('request'),
    },
    token_cpu_us: {
      bare: micro(median(figures.bare.token)),
      perch: micro(median(figures.perch.token)),
      ratio: ratio('token'),
    },
    added_p50_ms_at_c1: median(figures.perch.p50) - median(figures.bare.p50),
    idle_rss_mb: idleRssMb,
    open_stream_retained_kb: openStream.retained,
    open_stream_rss_kb: openStream.rss,
    journal_cpu_ratio: journal.ratio,
    db_commands_per_chat: journal.commands,
    first_model_call_ms_p50: journal.firstCallMs,
    ...(quota ? { quota_redis_commands: quota.quotaCommands, quota_cpu_ms: quota.addedMs } : {}),
  };
  const row = (name, value, goal) => console.log(`${name.padEnd(46)} ${value.padEnd(30)} ${goal}`);
  row('figure', 'measured', 'goal');
  row(
    'CPU per request at concurrency 16, Perch / bare',
    `${result.request_cpu_us.ratio.toFixed(2)}  (${result.request_cpu_us.perch} / ${result.request_cpu_us.bare} µs)`,
    '<= 3',
  );
  row(
    'CPU per streamed token, Perch / bare',
    `${result.token_cpu_us.ratio.toFixed(2)}  (${result.token_cpu_us.perch} / ${result.token_cpu_us.bare} µs)`,
    '<= 1.5',
  );
  row('added latency p50 at concurrency 1', `${result.added_p50_ms_at_c1.toFixed(2)} ms`, '');
  row('idle RSS', `${result.idle_rss_mb.toFixed(0)} MB`, '<= 220 MB');
  row(
    `retained per open stream (${OPEN_STREAMS} open)`,
    `${openStream.retained.toFixed(1)} kB  (RSS ${openStream.rss.toFixed(0)} kB)`,
    '<= 60 kB',
  );
  row('CPU per request, with the journal / without', result.journal_cpu_ratio.toFixed(2), '<= 1.4');
  row('database commands per plain chat', result.db_commands_per_chat.toFixed(1), '<= 8');
  row('admission to first model call, p50', `${result.first_model_call_ms_p50.toFixed(2)} ms`, '<= 5 ms');
  if (quota) {
    row('Redis commands of the quota per plain chat', quota.quotaCommands.toFixed(2), '<= 2');
    row('CPU of the quota per request', `${quota.addedMs.toFixed(2)} ms`, '<= 0.3 ms');
  } else console.log('No Redis here: its figures are left out (PERCH_BENCH_REDIS_URL).');
  const json = process.argv.indexOf('--json');
  if (json > 0) writeFileSync(process.argv[json + 1], `${JSON.stringify(result, null, 2)}\n`);
} finally {
  await perch.stop();
  await bare.stop();
  await upstream.stop();
  if (!process.env.PERCH_BENCH_DATA_DIR) rmSync(dataDir, { recursive: true, force: true });
}
