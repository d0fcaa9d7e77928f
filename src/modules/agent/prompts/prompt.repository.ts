import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CHANNEL } from '../../../database/control-connection.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { IDS, type Ids } from '../../../shared/context/ids.js';
import type { IdPage } from '../../../shared/http/id-page.js';
import { type Actor, AuditTrail } from '../../observability/index.js';
import type { Prompt, PromptVariable, PromptVersion } from './prompt.js';

interface PromptRow {
  id: string;
  name: string;
  description: string | null;
  active_version: number;
  latest_version: number;
  rollout_version: number | null;
  rollout_percent: number | null;
  created_at: Date;
  updated_at: Date;
}

interface VersionRow {
  name: string;
  version: number;
  template: string;
  variables: readonly PromptVariable[];
  hash: string;
  created_by: string;
  created_at: Date;
}

const PROMPT = `p.id, p.name, p.description, p.active_version, p.latest_version, p.rollout_version, p.rollout_percent,
                p.created_at, p.updated_at`;
const VERSION = `p.name, v.version, v.template, v.variables, v.hash, v.created_by, v.created_at`;

/** The word that says on the control connection that another version of some prompt is used from now on. */
export const PROMPTS_CHANGED = 'prompts';

/** What a new version is made of. */
export type NewVersion = Pick<PromptVersion, 'template' | 'variables' | 'hash'>;

/** Prompts belong to the installation and not to a user: who may change them is decided by permission. */
@Injectable()
export class PromptRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly audit: AuditTrail,
    @Inject(IDS) private readonly ids: Ids,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** With its first version, which is active. `undefined`: the name is taken. */
  create(
    {
      name,
      description,
      ...version
    }: NewVersion & { readonly name: string; readonly description: string | null },
    actor: Actor,
  ): Promise<Prompt | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const [prompt] = await manager.query<PromptRow[]>(
        `INSERT INTO prompt AS p (id, name, description, active_version, latest_version, created_at, updated_at)
         VALUES ($1, $2, $3, 1, 1, $4, $4) ON CONFLICT ON CONSTRAINT prompt_name_unique DO NOTHING RETURNING ${PROMPT}`,
        [this.ids.next(), name, description, this.clock.now()],
      );
      if (!prompt) return undefined;
      await this.insertVersion(manager, prompt, 1, version, actor);
      await this.record(manager, 'prompt.created', prompt, actor, { version: 1, hash: version.hash });
      await manager.query(`SELECT pg_notify('${CHANNEL}', '${PROMPTS_CHANGED}')`);
      return toPrompt(prompt);
    });
  }

  /** Versions that are added at the same time get numbers one after the other. `undefined`: there is no such prompt. */
  addVersion(name: string, version: NewVersion, actor: Actor): Promise<PromptVersion | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const [[prompt]] = await manager.query<[PromptRow[], number]>(
        `UPDATE prompt AS p SET latest_version = p.latest_version + 1, updated_at = $2 WHERE p.name = $1 RETURNING ${PROMPT}`,
        [name, this.clock.now()],
      );
      if (!prompt) return undefined;
      const number = prompt.latest_version;
      const created = await this.insertVersion(manager, prompt, number, version, actor);
      const details = { version: number, hash: version.hash };
      await this.record(manager, 'prompt.version_created', prompt, actor, details);
      return created;
    });
  }

  /**
   * Makes a version the one that is used: by everybody, or with `percent` by so many of the users. `undefined`: the prompt
   * has no such version. `'active'`: a share cannot be given what everybody has.
   */
  activate(
    { name, version, hash }: Pick<PromptVersion, 'name' | 'version' | 'hash'>,
    percent: number | undefined,
    actor: Actor,
  ): Promise<Prompt | 'active' | undefined> {
    return this.dataSource.transaction(async (manager) => {
      const [before] = await manager.query<PromptRow[]>(
        `SELECT ${PROMPT} FROM prompt p WHERE p.name = $1 AND p.latest_version >= $2 FOR UPDATE`,
        [name, version],
      );
      if (!before) return undefined;
      if (percent !== undefined && before.active_version === version) return 'active';
      const [[after]] = await manager.query<[PromptRow[], number]>(
        `UPDATE prompt AS p SET active_version = $2, rollout_version = $3, rollout_percent = $4, updated_at = $5
          WHERE p.id = $1 RETURNING ${PROMPT}`,
        [
          before.id,
          percent === undefined ? version : before.active_version,
          percent === undefined ? null : version,
          percent ?? null,
          this.clock.now(),
        ],
      );
      await this.record(manager, 'prompt.activated', before, actor, {
        version,
        hash,
        ...(percent === undefined ? {} : { rollout_percent: percent }),
        before: { version: before.active_version, rollout_version: before.rollout_version },
      });
      await manager.query(`SELECT pg_notify('${CHANNEL}', '${PROMPTS_CHANGED}')`);
      return toPrompt(after!);
    });
  }

  async find(name: string): Promise<Prompt | undefined> {
    const [prompt] = await this.findAll([name]);
    return prompt;
  }

  async findAll(names: readonly string[]): Promise<Prompt[]> {
    const rows = await this.dataSource.query<PromptRow[]>(
      `SELECT ${PROMPT} FROM prompt p WHERE p.name = ANY($1) ORDER BY p.name`,
      [names],
    );
    return rows.map(toPrompt);
  }

  /** Newest first. */
  async findPage({ before, limit }: IdPage): Promise<Prompt[]> {
    const rows = await this.dataSource.query<PromptRow[]>(
      `SELECT ${PROMPT} FROM prompt p WHERE ($1::uuid IS NULL OR p.id < $1) ORDER BY p.id DESC LIMIT $2`,
      [before ?? null, limit],
    );
    return rows.map(toPrompt);
  }

  async findVersion(name: string, version: number): Promise<PromptVersion | undefined> {
    const [row] = await this.dataSource.query<VersionRow[]>(
      `SELECT ${VERSION} FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id WHERE p.name = $1 AND v.version = $2`,
      [name, version],
    );
    return row && toVersion(row);
  }

  /** Newest first; only those before the version `before`. */
  async findVersions(name: string, limit: number, before: number | undefined): Promise<PromptVersion[]> {
    const rows = await this.dataSource.query<VersionRow[]>(
      `SELECT ${VERSION} FROM prompt p JOIN prompt_version v ON v.prompt_id = p.id
        WHERE p.name = $1 AND ($2::integer IS NULL OR v.version < $2) ORDER BY v.version DESC LIMIT $3`,
      [name, before ?? null, limit],
    );
    return rows.map(toVersion);
  }

  private async insertVersion(
    manager: EntityManager,
    { id, name }: PromptRow,
    version: number,
    { template, variables, hash }: NewVersion,
    { userId }: Actor,
  ): Promise<PromptVersion> {
    const now = this.clock.now();
    await manager.query(
      `INSERT INTO prompt_version (prompt_id, version, template, variables, hash, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, version, template, JSON.stringify(variables), hash, userId, now],
    );
    return { name, version, template, variables, hash, createdBy: userId, createdAt: now };
  }

  /** Never the text: the version is there for good, and the hash says that it is this one. */
  private record(
    manager: EntityManager,
    action: string,
    { id, name }: PromptRow,
    { userId, requestId }: Actor,
    details: object,
  ): Promise<void> {
    const entry = { actorId: userId, action, targetType: 'prompt', targetId: id, requestId };
    return this.audit.record({ ...entry, details: { name, ...details } }, manager);
  }
}

function toPrompt(row: PromptRow): Prompt {
  const { rollout_version: version, rollout_percent: percent } = row;
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    activeVersion: row.active_version,
    latestVersion: row.latest_version,
    rollout: version === null || percent === null ? null : { version, percent },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toVersion(row: VersionRow): PromptVersion {
  return {
    name: row.name,
    version: row.version,
    template: row.template,
    variables: row.variables,
    hash: row.hash,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
