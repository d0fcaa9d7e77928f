import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig } from '../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../shared/context/clock.js';
import { IDS, type Ids, isUuid } from '../../../shared/context/ids.js';
import type { Principal } from '../../../shared/context/principal.js';
import { notFound } from '../../../shared/errors/app-error.js';
import { type IdPage, readIdPage } from '../../../shared/http/id-page.js';
import { MemoryPreference } from '../../auth/index.js';
import { memoryFull, memoryOff } from './memory.errors.js';
import type { NewFact, RememberedFact } from './remembered-fact.js';
import { UserMemoryRepository } from './user-memory.repository.js';

/**
 * What users want remembered beyond a conversation. Nothing is, unless the installation has it (AI_ENABLE_LONG_TERM_MEMORY)
 * and the user has said so. Whatever is not this user's throws `not_found`; reading and deleting is possible in any case.
 */
@Injectable()
export class UserMemory {
  constructor(
    private readonly facts: UserMemoryRepository,
    private readonly preference: MemoryPreference,
    private readonly config: AgentConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  get isInstalled(): boolean {
    return this.config.isLongTermMemoryEnabled;
  }

  /** Whether facts of this user are kept, and shown to models. Costs nothing. */
  isOnFor({ hasMemory = false }: Pick<Principal, 'hasMemory'>): boolean {
    return this.isInstalled && hasMemory;
  }

  /** Throws `memory_off` when it is wanted where there is none. Facts that are there stay, either way. */
  async switch(userId: string, isEnabled: boolean): Promise<void> {
    if (isEnabled && !this.isInstalled) throw memoryOff(false);
    await this.preference.set(userId, isEnabled);
  }

  /** Newest first. */
  list(
    userId: string,
    page: IdPage,
  ): Promise<{ readonly items: readonly RememberedFact[]; readonly nextCursor: string | null }> {
    return readIdPage(page, (asked) => this.facts.findPage(userId, asked));
  }

  /** All of them, newest first. One statement. */
  all(userId: string): Promise<readonly RememberedFact[]> {
    return this.facts.findPage(userId, { limit: this.config.maxMemoryFacts });
  }

  /** The same fact twice is one. Throws `memory_off` and `memory_full`. */
  async remember(userId: string, fact: NewFact): Promise<RememberedFact> {
    if (!this.isInstalled) throw memoryOff(false);
    const limit = this.config.maxMemoryFacts;
    const written = await this.facts.insert(userId, this.ids.next(), fact, limit, this.clock.now());
    if (written === 'off') throw memoryOff(true);
    if (written === 'full') throw memoryFull(limit);
    return written;
  }

  async change(userId: string, id: string, text: string): Promise<RememberedFact> {
    const changed = isUuid(id) ? await this.facts.change(userId, id, text, this.clock.now()) : undefined;
    if (!changed) throw notFound();
    return changed;
  }

  async forget(userId: string, id: string): Promise<void> {
    if (!isUuid(id) || !(await this.facts.remove(userId, id))) throw notFound();
  }

  forgetAll(userId: string): Promise<number> {
    return this.facts.removeAll(userId);
  }
}
