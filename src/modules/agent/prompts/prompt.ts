import type { PromptValue } from '../../../config/agents.schema.js';

export type { PromptValue };

/** A variable of a template, as declared or, where nothing was declared, as found in it. */
export interface PromptVariable {
  readonly name: string;
  readonly description?: string;
  /** False: it may be left out, and is `default` then, or nothing. */
  readonly required: boolean;
  readonly default?: PromptValue;
}

export type PromptValues = Readonly<Record<string, PromptValue>>;

/** A name under which there are versions of a template. */
export interface Prompt {
  /** A UUIDv7: the order of the list. */
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly activeVersion: number;
  readonly latestVersion: number;
  /** `null`: everybody gets the active version. */
  readonly rollout: Rollout | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A version that a share of the users gets instead of the active one. */
export interface Rollout {
  readonly version: number;
  /** 1 to 99. */
  readonly percent: number;
}

/** Never changes once it is there. */
export interface PromptVersion {
  readonly name: string;
  readonly version: number;
  readonly template: string;
  readonly variables: readonly PromptVariable[];
  /** SHA-256 of the template, hexadecimal. */
  readonly hash: string;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** Which version of which prompt a run uses, from its admission to its end. */
export interface RunPrompt {
  readonly name: string;
  readonly version: number;
}

/** A version with its text for one agent: the same bytes for every run. */
export interface RenderedPrompt extends RunPrompt {
  readonly text: string;
}
