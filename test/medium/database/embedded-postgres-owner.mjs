/* A process that owns an embedded server and prints {url, pid}; the test kills it. Node runs the TypeScript as it is. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const isOurs = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
    return nextResolve(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});

const { startEmbeddedPostgres } = await import('../../../src/database/embedded/embedded-postgres.ts');
const ignore = () => undefined;
const server = await startEmbeddedPostgres({
  dataDir: process.argv[2],
  logger: { info: ignore, warn: ignore, error: ignore },
});
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid() })}\n`);
setInterval(ignore, 60_000);
