import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { NAME_PATTERN } from '../../../config/agents.schema.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { type IdPage, readIdPage } from '../../../shared/http/id-page.js';
import type { Actor } from '../../observability/index.js';
import { ActivePrompts } from './active-prompts.js';
import { AgentPrompts, type Renderable } from './agent-prompts.js';
import {
  isActiveAlready,
  noSuchVersion,
  promptExists,
  refused,
  templateRefused,
  valuesRefused,
} from './prompt.errors.js';
import type { Prompt, PromptValues, PromptVersion, RenderedPrompt } from './prompt.js';
import { type NewVersion, PromptRepository } from './prompt.repository.js';
import {
  declarationFaults,
  type DeclaredVariable,
  inferVariables,
  resolveValues,
  toVariables,
  unknownValues,
} from './prompt-variables.js';
import { PromptTemplate, TemplateRefused } from './template/prompt-template.js';

export interface Draft {
  readonly template: string;
  /** Left out: every variable of the template, all of them required. */
  readonly variables?: readonly DeclaredVariable[];
}

/** What administrators do with prompts. An activation holds on this replica at once and on every other within seconds. */
@Injectable()
export class PromptsService {
  constructor(
    private readonly prompts: PromptRepository,
    private readonly active: ActivePrompts,
    private readonly agentPrompts: AgentPrompts,
    private readonly logger: PinoLogger,
  ) {}

  list(page: IdPage): Promise<{ readonly items: readonly Prompt[]; readonly nextCursor: string | null }> {
    return readIdPage(page, (asked) => this.prompts.findPage(asked));
  }

  /**
   * Makes a prompt whose first version is active. Throws `validation_failed` (a template that may not be used, or that an
   * agent of this name could not), `version_conflict` (the name is taken).
   */
  async create(
    { name, description, ...draft }: Draft & { readonly name: string; readonly description?: string },
    actor: Actor,
  ): Promise<Prompt> {
    const version = toNewVersion(draft);
    this.assertUsable({ ...version, name, version: 1 }, '/template');
    const created = await this.prompts.create({ ...version, name, description: description ?? null }, actor);
    if (!created) throw promptExists();
    await this.afterChange(name, 1);
    return created;
  }

  /** Adds a version, which nobody uses yet. Throws `validation_failed`, `not_found`. */
  async addVersion(name: string, draft: Draft, actor: Actor): Promise<PromptVersion> {
    assertName(name);
    const created = await this.prompts.addVersion(name, toNewVersion(draft), actor);
    if (!created) throw notFound();
    return created;
  }

  /** Newest first. Throws `not_found`. */
  async versions(
    name: string,
    { limit, before }: { readonly limit: number; readonly before?: number },
  ): Promise<{ readonly items: readonly PromptVersion[]; readonly nextBefore: number | null }> {
    assertName(name);
    const found = await this.prompts.findVersions(name, limit + 1, before);
    if (found.length === 0 && !(await this.prompts.find(name))) throw notFound();
    const items = found.slice(0, limit);
    return { items, nextBefore: found.length > limit ? items.at(-1)!.version : null };
  }

  /**
   * Makes a version active, for all or for a share of the users; whatever was rolled out before is over. Throws `not_found`,
   * and `validation_failed` (no such version, or one that an agent could not use).
   */
  async activate(name: string, version: number, percent: number | undefined, actor: Actor): Promise<Prompt> {
    assertName(name);
    const found = await this.versionOf(name, version);
    this.assertUsable(found, '/version');
    const outcome = await this.prompts.activate(found, percent, actor);
    if (!outcome) throw noSuchVersion();
    if (outcome === 'active') throw isActiveAlready();
    await this.afterChange(name, version);
    return outcome;
  }

  /** What a version comes to. Throws `not_found`, `validation_failed` (no such version, a value that is missing or unknown). */
  async render(name: string, supplied: PromptValues, version: number | undefined): Promise<RenderedPrompt> {
    assertName(name);
    const prompt = await this.prompts.find(name);
    if (!prompt) throw notFound();
    const found = await this.versionOf(name, version ?? prompt.activeVersion);
    const { values, faults } = resolveValues(found.variables, supplied);
    const all = [...faults, ...unknownValues(found.variables, supplied)];
    if (all.length > 0) throw valuesRefused(all);
    try {
      return { name, version: found.version, text: PromptTemplate.read(found.template).render(values) };
    } catch (error) {
      if (error instanceof TemplateRefused) throw refused([{ pointer: '/variables', detail: error.message }]);
      throw error;
    }
  }

  private async versionOf(name: string, version: number): Promise<PromptVersion> {
    const found = await this.prompts.findVersion(name, version);
    if (found) return found;
    throw (await this.prompts.find(name)) ? noSuchVersion() : notFound();
  }

  /** No run may fail for its prompt: what an agent could not use is not activated. */
  private assertUsable(version: Renderable, pointer: string): void {
    const faults = this.agentPrompts.faultsOf(version);
    if (faults.length > 0) throw refused(faults.map((detail) => ({ pointer, detail })));
  }

  /** The change is stored, whatever happens here: other replicas, or the next look, find it. */
  private async afterChange(name: string, version: number): Promise<void> {
    this.logger.info({ event: 'admin.prompt.activated', prompt: name, version });
    await this.active.refresh().catch((error: unknown) => {
      this.logger.warn({ event: 'agent.prompts.not_read', err: error });
    });
  }
}

/** What cannot be a name is the name of nothing. */
function assertName(name: string): void {
  if (!NAME_PATTERN.test(name)) throw notFound();
}

/** Throws `validation_failed`. */
function toNewVersion({ template, variables: declared }: Draft): NewVersion {
  let read: PromptTemplate;
  try {
    read = PromptTemplate.read(template);
  } catch (error) {
    if (error instanceof TemplateRefused) throw templateRefused(error.faults);
    throw error;
  }
  const faults = declared ? declarationFaults(declared, read) : [];
  if (faults.length > 0) throw refused(faults);
  return {
    template,
    variables: declared ? toVariables(declared) : inferVariables(read),
    hash: createHash('sha256').update(template).digest('hex'),
  };
}
