// The load: a fixed number of requests at a fixed concurrency, over kept connections.
import { Pool } from 'undici';

/** Sends `count` requests, `concurrency` at a time; resolves when all answers are read to their end. */
export async function load(url, path, { count, concurrency, headers, body }) {
  const pool = new Pool(new URL(url).origin, { connections: concurrency });
  const payload = JSON.stringify(body);
  const latencies = [];
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const started = performance.now();
      const answer = await pool.request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: payload,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200 || text.includes('run-error'))
        throw new Error(`${path}: ${answer.statusCode} ${text.slice(0, 500)}`);
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  await pool.close();
  latencies.sort((a, b) => a - b);
  return { p50: latencies[Math.floor(latencies.length / 2)] };
}

/** Opens `count` streams and leaves them open; `close` ends them. Resolves when each has sent something. */
export async function openStreams(url, path, { count, headers, body }) {
  const pool = new Pool(new URL(url).origin, { connections: count });
  const abort = new AbortController();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const answer = await pool.request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: abort.signal,
      });
      if (answer.statusCode !== 200)
        throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
      answer.body.on('error', () => undefined);
      await new Promise((resolve) => answer.body.once('data', resolve));
    }),
  );
  return {
    close: async () => {
      abort.abort();
      await pool.destroy();
    },
  };
}
