import { Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../../config/app-config.js';
import type { McpServerSettings } from '../../../config/mcp-servers.schema.js';
import type { Secret } from '../../../config/secret.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import { HttpTransport } from './client/http-transport.js';
import { McpClient } from './client/mcp-client.js';
import { stdioTransport } from './client/stdio-transport.js';

export interface McpConnectOptions {
  readonly version: string;
  /** The user's; left out: the server's own. */
  readonly credential?: Secret;
  readonly onToolsChanged?: () => void;
  readonly onTrouble?: () => void;
}

/** Makes connections as the configuration says. Nothing of a request gets here but the user's own credential. */
@Injectable()
export class McpConnector {
  constructor(
    private readonly config: ToolsConfig,
    private readonly outbound: OutboundClient,
  ) {}

  /** Throws `McpFailure`. */
  connect(
    settings: McpServerSettings,
    { version, credential, onToolsChanged, onTrouble }: McpConnectOptions,
    signal: AbortSignal,
  ): Promise<McpClient> {
    const { command, args = [], url } = settings;
    return McpClient.connect(
      {
        version,
        ...(onToolsChanged ? { onToolsChanged } : {}),
        ...(onTrouble ? { onTrouble } : {}),
        transport: (onStreamEnd) =>
          command === undefined
            ? new HttpTransport({
                url: new URL(url!),
                fetch: this.outbound.fetchFor(new URL(url!).origin),
                headers: this.headers(settings, credential),
                onStreamEnd,
              })
            : stdioTransport(command, args, this.config.mcpPath),
      },
      signal,
    );
  }

  /** All that must not be seen in what this server answers. */
  secrets(settings: McpServerSettings, credential?: Secret): Secret[] {
    const named = [settings.token_env, ...Object.values(settings.headers_env ?? {})];
    const own = named.flatMap((name) => (name === undefined ? [] : [this.named(name)]));
    return credential ? [credential, ...own] : own;
  }

  private headers(settings: McpServerSettings, credential: Secret | undefined): Record<string, string> {
    const token =
      credential ?? (settings.token_env === undefined ? undefined : this.named(settings.token_env));
    return {
      ...Object.fromEntries(
        Object.entries(settings.headers_env ?? {}).map(([header, name]) => [
          header,
          this.named(name).reveal(),
        ]),
      ),
      ...(token ? { authorization: `Bearer ${token.reveal()}` } : {}),
    };
  }

  private named(name: string): Secret {
    return this.config.mcpCredentials.get(name)!;
  }
}
