import type { Redis } from 'ioredis';
import type { DataSource } from 'typeorm';

/** Where a text is found, in words: `table message: 3`. It is looked for as it is and as the bytes that it is made of. */
export async function tracesInDatabase(dataSource: DataSource, text: string): Promise<string[]> {
  const tables = await dataSource.query<{ name: string }[]>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  if (tables.length < 10) throw new Error('the walk over the tables does not find them');
  const hex = Buffer.from(text).toString('hex');
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await dataSource.query<{ count: string }[]>(
      `SELECT count(*) FROM ${name} AS t WHERE strpos(lower(t::text), $1) > 0 OR strpos(lower(t::text), $2) > 0`,
      [text.toLowerCase(), hex],
    );
    if (Number(row!.count) > 0) found.push(`${name.replace(/^public\./, '')}: ${row!.count}`);
  }
  return found;
}

/** All keys of that Redis whose name or value has the text in it. */
export async function tracesInRedis(redis: Redis, text: string): Promise<string[]> {
  const found: string[] = [];
  let seen = 0;
  for await (const keys of redis.scanStream({ count: 500 }) as AsyncIterable<string[]>) {
    for (const key of keys) {
      seen += 1;
      if (`${key} ${await valueOf(redis, key)}`.toLowerCase().includes(text.toLowerCase())) found.push(key);
    }
  }
  if (seen === 0) throw new Error('there is nothing in Redis at all');
  return found;
}

async function valueOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.getBuffer(key))?.toString('latin1') ?? '';
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1));
    case 'set':
      return JSON.stringify(await redis.smembers(key));
    case 'zset':
      return JSON.stringify(await redis.zrange(key, 0, -1));
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'));
    case 'none':
      return '';
    default:
      throw new Error(`a type of key that the walk does not know: ${key}`);
  }
}
