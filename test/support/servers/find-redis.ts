import { connect } from 'node:net';

const STANDARD_REDIS = 'redis://127.0.0.1:6379';

/** The Redis to test with: as given, else the one on the standard port, else none. */
export async function findRedis(): Promise<string | undefined> {
  const url = process.env.PERCH_TEST_REDIS_URL ?? STANDARD_REDIS;
  const { hostname, port } = new URL(url);
  const isThere = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 1_000 });
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
  return isThere ? url : undefined;
}
