import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ControlConnection } from '../../../database/control-connection.js';
import type { Agent } from '../agent-definitions.js';
import { AgentPromptFault, AgentPrompts } from './agent-prompts.js';
import type { Prompt, PromptVersion, RenderedPrompt, RunPrompt } from './prompt.js';
import { PromptRepository, PROMPTS_CHANGED } from './prompt.repository.js';
import { isInRollout } from './rollout.js';

/** Behind the notifications: what they miss is found so much later. */
const POLL_MS = 2_000;

/** What an agent says now. */
interface Current {
  readonly active: RenderedPrompt | null;
  readonly rollout: { readonly prompt: RenderedPrompt; readonly percent: number } | undefined;
}

/**
 * The system prompts of the agents as they are now, in memory: a run begins without asking for them. Kept equal on all
 * replicas. While the database is away everything stays as it is.
 */
@Injectable()
export class ActivePrompts implements OnModuleInit, OnApplicationShutdown {
  private current: ReadonlyMap<string, Current> = new Map();
  /** Of the versions that are used now, by name and number. */
  private versions: ReadonlyMap<string, PromptVersion> = new Map();
  private timer: NodeJS.Timeout | undefined;
  private known = '';
  /** Settles when nothing is read; never rejects. */
  private reading: Promise<void> = Promise.resolve();
  private waiting: Promise<void> | undefined;

  constructor(
    private readonly prompts: PromptRepository,
    private readonly agentPrompts: AgentPrompts,
    private readonly control: ControlConnection,
    private readonly logger: PinoLogger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.control.onNotification((payload) => {
      if (payload === PROMPTS_CHANGED) this.refreshQuietly();
    });
    this.control.onConnected(() => this.refreshQuietly());
    this.timer = setInterval(() => this.refreshQuietly(), POLL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.waiting?.catch(() => undefined);
    await this.reading;
  }

  /** What a new run of this user begins with. `null`: there is no prompt for the agent, and its instructions are used. */
  forAgent(agent: Agent, userId: string): RenderedPrompt | null {
    const { active, rollout } = this.current.get(agent.name) ?? { active: null, rollout: undefined };
    return rollout && isInRollout(userId, agent.promptName, rollout) ? rollout.prompt : active;
  }

  /** What a run that has begun goes on with, whatever is active by now. Throws AgentPromptFault. */
  async recorded(agent: Agent, { name, version }: RunPrompt): Promise<RenderedPrompt> {
    const known =
      this.versions.get(keyOf({ name, version })) ?? (await this.prompts.findVersion(name, version));
    if (!known) throw new AgentPromptFault(agent.name, [`and version ${version} of ${name} is gone`]);
    return this.agentPrompts.render(agent, known);
  }

  /** Reads again what is active. Rejects when the database is away. */
  refresh(): Promise<void> {
    // Who asks after a change must not get the answer of a reading that began before it; one that has not begun will do.
    this.waiting ??= this.reading.then(() => {
      this.waiting = undefined;
      const reading = this.read();
      this.reading = reading.catch(() => undefined);
      return reading;
    });
    return this.waiting;
  }

  private refreshQuietly(): void {
    this.refresh().catch((error: unknown) =>
      this.logger.debug({ event: 'agent.prompts.not_read', err: error }),
    );
  }

  private async read(): Promise<void> {
    const prompts = await this.prompts.findAll(this.agentPrompts.names());
    const known = JSON.stringify(
      prompts.map(({ id, activeVersion, rollout }) => [id, activeVersion, rollout]),
    );
    if (known === this.known) return;
    this.reportMissing(prompts);
    const versions = new Map<string, PromptVersion>();
    const wanted = prompts.flatMap(({ name, activeVersion, rollout }) => [
      { name, version: activeVersion },
      ...(rollout ? [{ name, version: rollout.version }] : []),
    ]);
    for (const one of wanted) {
      const found = this.versions.get(keyOf(one)) ?? (await this.prompts.findVersion(one.name, one.version));
      if (found) versions.set(keyOf(one), found);
    }
    this.versions = versions;
    this.current = new Map(
      prompts.flatMap((prompt) =>
        this.agentPrompts
          .usersOf(prompt.name)
          .map((agent) => [agent.name, this.currentOf(agent, prompt)] as const),
      ),
    );
    this.known = known;
  }

  /** An agent that names a prompt goes on with its instructions until that is there. */
  private reportMissing(prompts: readonly Prompt[]): void {
    for (const name of this.agentPrompts.names()) {
      if (prompts.some((prompt) => prompt.name === name)) continue;
      const agents = this.agentPrompts.usersOf(name).filter((agent) => agent.name !== name);
      for (const agent of agents) {
        this.logger.warn({ event: 'agent.prompt.missing', agent: agent.name, prompt: name });
      }
    }
  }

  private currentOf(agent: Agent, { name, activeVersion, rollout }: Prompt): Current {
    const render = (version: number): RenderedPrompt | null => {
      const found = this.versions.get(keyOf({ name, version }));
      if (!found) return null;
      try {
        return this.agentPrompts.render(agent, found);
      } catch (error) {
        if (!(error instanceof AgentPromptFault)) throw error;
        // It could be used when it was activated: the configuration has changed since.
        const about = { agent: agent.name, prompt: name, version, detail: error.message };
        this.logger.error({ event: 'agent.prompt.unusable', ...about });
        return null;
      }
    };
    const active = render(activeVersion);
    const prompt = rollout && render(rollout.version);
    return { active, rollout: prompt && rollout ? { prompt, percent: rollout.percent } : undefined };
  }
}

function keyOf({ name, version }: RunPrompt): string {
  return `${name}@${version}`;
}
