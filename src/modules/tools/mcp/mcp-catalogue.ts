import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ToolsConfig } from '../../../config/app-config.js';
import type { McpServerSettings } from '../../../config/mcp-servers.schema.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import {
  type McpDefinition,
  readDefinitions,
  type DroppedTool,
  type SeenDefinition,
} from './definitions/mcp-definition.js';
import { offeredHashes } from './pins/tool-pin.js';
import { ToolPinRepository } from './pins/tool-pin.repository.js';

/** What an administrator decided, or another replica saw, holds here so soon. */
const POLL_MS = 2_000;
const MAX_LOGGED = 20;

export interface CataloguedServer {
  readonly settings: McpServerSettings;
  /** All that the server listed, those that are held back included. */
  readonly listed: readonly McpDefinition[];
  /** Of these, what may be offered, by the server's own name. */
  readonly offered: ReadonlyMap<string, SeenDefinition>;
}

/**
 * Which tools of the MCP servers may be offered: what the servers list, as far as it is what was agreed to. It is known
 * from the database before any server has answered, and kept equal on all replicas.
 */
@Injectable()
export class McpCatalogue {
  private readonly listed = new Map<string, readonly SeenDefinition[]>();
  private readonly dropped = new Map<string, string>();
  private all: readonly CataloguedServer[] = [];
  private hashes: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map();
  private timer: NodeJS.Timeout | undefined;
  private refreshing: Promise<void> | undefined;

  constructor(
    private readonly config: ToolsConfig,
    private readonly pins: ToolPinRepository,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The same array as long as nothing changes. */
  servers(): readonly CataloguedServer[] {
    return this.all;
  }

  isOffered(server: string, tool: string, hash: string): boolean {
    return this.hashes.get(server)?.get(tool) === hash;
  }

  async start(): Promise<void> {
    if (this.config.mcpServers.length === 0) return;
    for (const { server, ...seen } of await this.pins.listed(this.names())) {
      this.listed.set(server, [...(this.listed.get(server) ?? []), seen]);
    }
    await this.refresh();
    this.timer = setInterval(() => void this.refresh().catch(() => undefined), POLL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Takes over what a server lists now; `hide` takes the server's credential out of it. Never rejects: without the database everything stays as it is. */
  async take(
    server: McpServerSettings,
    tools: readonly unknown[],
    hide: (text: string) => string,
  ): Promise<void> {
    try {
      const { seen, dropped } = readDefinitions(tools, { allowed: server.tools, hide });
      this.reportDropped(server.name, dropped);
      const trust = { onFirstUse: this.config.isMcpTrustedOnFirstUse, changes: server.trusted };
      await this.pins.observe(server.name, seen, trust, this.clock.now());
      this.listed.set(server.name, seen);
      await this.refresh();
    } catch (error) {
      this.logger.error({ event: 'mcp.server.list_not_taken', server: server.name, err: error });
    }
  }

  /** Reads again what was decided. */
  async refresh(): Promise<void> {
    // Who asks after a change must not get the answer of a reading that began before it.
    const before = this.refreshing ?? Promise.resolve();
    const reading = before.catch(() => undefined).then(() => this.read());
    this.refreshing = reading;
    await reading.finally(() => {
      if (this.refreshing === reading) this.refreshing = undefined;
    });
  }

  private async read(): Promise<void> {
    const pins = Map.groupBy(await this.pins.states(this.names()), ({ server }) => server);
    const servers = this.config.mcpServers.map((settings): CataloguedServer => {
      const hashes = offeredHashes(pins.get(settings.name) ?? []);
      const seen = this.listed.get(settings.name) ?? [];
      const wanted = settings.tools && new Set(settings.tools);
      const offered = seen.filter(
        ({ definition: { name }, hash }) => hashes.get(name) === hash && (wanted?.has(name) ?? true),
      );
      return {
        settings,
        listed: seen.map(({ definition }) => definition),
        offered: new Map(offered.map((one) => [one.definition.name, one])),
      };
    });
    if (fingerprint(servers) === fingerprint(this.all)) return;
    this.reportHeldBack(servers);
    this.all = servers;
    this.hashes = new Map(
      servers.map(({ settings, offered }) => [
        settings.name,
        new Map([...offered].map(([name, { hash }]) => [name, hash])),
      ]),
    );
  }

  private names(): string[] {
    return this.config.mcpServers.map(({ name }) => name);
  }

  private reportHeldBack(servers: readonly CataloguedServer[]): void {
    for (const { settings, listed, offered } of servers) {
      const before = this.all.find((server) => server.settings.name === settings.name);
      const wasHeld = new Set(
        before?.listed.filter(({ name }) => !before.offered.has(name)).map(({ name }) => name),
      );
      for (const { name } of listed) {
        if (offered.has(name) || wasHeld.has(name)) continue;
        this.logger.warn({ event: 'mcp.server.tool_held_back', server: settings.name, tool: name });
      }
    }
  }

  private reportDropped(server: string, dropped: readonly DroppedTool[]): void {
    const tools = dropped.slice(0, MAX_LOGGED);
    const said = JSON.stringify([dropped.length, tools]);
    if (this.dropped.get(server) === said) return;
    this.dropped.set(server, said);
    if (dropped.length === 0) return;
    this.logger.warn({ event: 'mcp.server.tools_dropped', server, count: dropped.length, tools });
  }
}

function fingerprint(servers: readonly CataloguedServer[]): string {
  return JSON.stringify(
    servers.map(({ settings, listed, offered }) => [
      settings.name,
      listed.map(({ name }) => name),
      [...offered.values()].map(({ hash }) => hash),
    ]),
  );
}
