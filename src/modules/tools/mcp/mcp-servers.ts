import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ProcessConfig, ToolsConfig } from '../../../config/app-config.js';
import type { McpServerSettings } from '../../../config/mcp-servers.schema.js';
import { hideSecrets } from './hide-secrets.js';
import { McpCatalogue } from './mcp-catalogue.js';
import { McpConnector } from './mcp-connector.js';
import { CallGate } from './client/call-gate.js';
import { ServerLink } from './client/server-link.js';
import { UserLinks } from './client/user-links.js';

/** All that there is of one server in this process. */
export interface ConnectedServer {
  readonly settings: McpServerSettings;
  readonly link: ServerLink;
  /** `undefined`: the server is called with its own credential. */
  readonly users: UserLinks | undefined;
  readonly gate: CallGate;
}

/** Owns the connections to the MCP servers: made in the background after the start, closed at the end. */
@Injectable()
export class McpServers implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly servers: ReadonlyMap<string, ConnectedServer>;

  constructor(
    config: ToolsConfig,
    process: ProcessConfig,
    connector: McpConnector,
    private readonly catalogue: McpCatalogue,
    logger: PinoLogger,
  ) {
    const { version } = process;
    this.servers = new Map(
      config.mcpServers.map((settings) => [
        settings.name,
        {
          settings,
          link: new ServerLink({
            server: settings.name,
            logger,
            connect: (listeners, signal) => connector.connect(settings, { version, ...listeners }, signal),
            onListed: (tools) => catalogue.take(settings, tools, hideSecrets(connector.secrets(settings))),
          }),
          users: settings.user_credentials
            ? new UserLinks((credential, signal) =>
                connector.connect(settings, { version, credential }, signal),
              )
            : undefined,
          gate: new CallGate(settings.max_concurrency),
        },
      ]),
    );
  }

  get(name: string): ConnectedServer | undefined {
    return this.servers.get(name);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.catalogue.start();
    for (const { link } of this.servers.values()) link.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.catalogue.stop();
    await Promise.allSettled(
      [...this.servers.values()].map(({ link, users }) => Promise.all([link.close(), users?.close()])),
    );
  }
}
