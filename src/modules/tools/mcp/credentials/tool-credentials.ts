import { Inject, Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../../../config/app-config.js';
import { Secret } from '../../../../config/secret.js';
import { CLOCK, type Clock } from '../../../../shared/context/clock.js';
import { DERIVED_KEYS, type DerivedKeys } from '../../../../shared/context/derived-keys.js';
import { notFound } from '../../../../shared/errors/app-error.js';
import { seal, unseal } from './sealed-text.js';
import { ToolCredentialRepository } from './tool-credential.repository.js';

export interface StoredCredential {
  readonly server: string;
  /** `undefined`: the user has none for this server. */
  readonly updatedAt: Date | undefined;
}

/** What users call MCP servers with. It goes in and reaches its server; nobody can read it again. */
@Injectable()
export class ToolCredentials {
  private readonly key: Buffer;

  constructor(
    private readonly config: ToolsConfig,
    private readonly repository: ToolCredentialRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DERIVED_KEYS) keys: DerivedKeys,
  ) {
    this.key = keys.keyFor('tool-credential');
  }

  /** Every server that takes credentials of users. */
  async list(userId: string): Promise<StoredCredential[]> {
    const dates = await this.repository.dates(userId);
    return this.servers().map((server) => ({ server, updatedAt: dates.get(server) }));
  }

  /** `undefined`: there is none, or it was sealed with another secret of the installation. */
  async find(userId: string, server: string): Promise<Secret | undefined> {
    const sealed = await this.repository.find(userId, server);
    const text = sealed && unseal(sealed, this.key, binding(userId, server));
    return text === undefined ? undefined : new Secret(text);
  }

  /** Throws `not_found` for a server that takes none. */
  async store(userId: string, server: string, credential: string): Promise<void> {
    if (!this.servers().includes(server)) throw notFound();
    const sealed = seal(credential, this.key, binding(userId, server));
    await this.repository.save(userId, server, sealed, this.clock.now());
  }

  /** Throws `not_found` when there was none. */
  async remove(userId: string, server: string): Promise<void> {
    if (!(await this.repository.remove(userId, server))) throw notFound();
  }

  private servers(): string[] {
    return this.config.mcpServers.filter((server) => server.user_credentials).map(({ name }) => name);
  }
}

function binding(userId: string, server: string): string {
  return `${userId} ${server}`;
}
