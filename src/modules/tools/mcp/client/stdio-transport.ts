import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const MAX_BUFFER_BYTES = 2 * 1024 * 1024;

/** What the SDK would hand on of our environment by itself. */
const NOT_HANDED_ON = ['HOME', 'LOGNAME', 'SHELL', 'TERM', 'USER'];

/**
 * A server that is a program of this machine. The command comes from the configuration alone; of our environment the
 * program sees PATH and nothing else, and what it writes to its error stream is thrown away.
 */
export function stdioTransport(
  command: string,
  args: readonly string[],
  path: string | undefined,
): StdioClientTransport {
  const nothing = Object.fromEntries(NOT_HANDED_ON.map((name) => [name, undefined]));
  return new StdioClientTransport({
    command,
    args: [...args],
    // Members that are undefined are not set: the type knows only those that are.
    env: { ...nothing, PATH: path } as unknown as Record<string, string>,
    stderr: 'ignore',
    maxBufferSize: MAX_BUFFER_BYTES,
  });
}
