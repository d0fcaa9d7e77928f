import type { DataSource } from 'typeorm';
import { loadConfig } from '../../../src/config/load-config.js';
import { ToolCredentialRepository } from '../../../src/modules/tools/mcp/credentials/tool-credential.repository.js';
import { ToolCredentials } from '../../../src/modules/tools/mcp/credentials/tool-credentials.js';
import { McpCalls } from '../../../src/modules/tools/mcp/mcp-calls.js';
import { McpCatalogue } from '../../../src/modules/tools/mcp/mcp-catalogue.js';
import { McpConnector } from '../../../src/modules/tools/mcp/mcp-connector.js';
import { McpServers } from '../../../src/modules/tools/mcp/mcp-servers.js';
import { McpToolSource } from '../../../src/modules/tools/mcp/mcp-tool-source.js';
import { ToolPinRepository } from '../../../src/modules/tools/mcp/pins/tool-pin.repository.js';
import { OutboundClient } from '../../../src/modules/tools/outbound/outbound-client.js';
import type { Tool, ToolContext } from '../../../src/modules/tools/tool.js';
import { systemClock } from '../../../src/shared/context/clock.js';
import { uuidV7Ids } from '../../../src/shared/context/ids.js';
import type { JsonValue } from '../../../src/shared/llm/json.js';
import { KeptLog } from '../a-logger.js';
import { aToolContext } from '../a-tool-context.js';
import { anAuditTrail } from '../an-audit-trail.js';
import { until } from '../until.js';

export interface McpUnderTest {
  readonly log: KeptLog;
  readonly pins: ToolPinRepository;
  readonly catalogue: McpCatalogue;
  readonly credentials: ToolCredentials;
  names(): string[];
  /** Waits until there is such a tool. */
  tool(name: string): Promise<Tool>;
  call(name: string, input?: JsonValue, context?: Partial<ToolContext>): Promise<JsonValue>;
  stop(): Promise<void>;
}

/** The MCP client as one process has it, without the rest of the application. */
export async function startMcp(
  dataSource: DataSource,
  servers: readonly object[],
  env: Readonly<Record<string, string>> = {},
): Promise<McpUnderTest> {
  const config = loadConfig({
    NODE_ENV: 'test',
    PATH: process.env.PATH,
    PERCH_MCP_SERVERS: JSON.stringify(servers),
    ...env,
  });
  const log = new KeptLog();
  const pins = new ToolPinRepository(dataSource, anAuditTrail(dataSource), uuidV7Ids);
  const catalogue = new McpCatalogue(config.tools, pins, log.logger, systemClock);
  const outbound = new OutboundClient({ publicConcurrency: 1, originConcurrency: 1, ownHosts: [] });
  const connector = new McpConnector(config.tools, outbound);
  const owner = new McpServers(config.tools, config.process, connector, catalogue, log.logger);
  const credentials = new ToolCredentials(
    config.tools,
    new ToolCredentialRepository(dataSource),
    systemClock,
    { keyFor: (purpose) => Buffer.alloc(32, purpose) },
  );
  const calls = new McpCalls(owner, catalogue, connector, credentials);
  const source = new McpToolSource(catalogue, (call) => calls.call(call), []);
  await owner.onApplicationBootstrap();
  const find = (name: string): Tool | undefined => source.tools().find((tool) => tool.name === name);
  const tool = async (name: string): Promise<Tool> => {
    await until(() => find(name) !== undefined, 15_000);
    return find(name)!;
  };
  return {
    log,
    pins,
    catalogue,
    credentials,
    names: () => source.tools().map(({ name }) => name),
    tool,
    call: async (name, input = {}, context = {}) => (await tool(name)).execute(input, aToolContext(context)),
    stop: async () => {
      await owner.onApplicationShutdown();
      await outbound.onApplicationShutdown();
    },
  };
}
