import { z } from 'zod';

/** What a variable of a prompt may be. */
export const promptValueSchema = z.union([
  z.string().max(10_000),
  z.number(),
  z.boolean(),
  z.array(z.string().max(1_000)).max(100).readonly(),
]);

export type PromptValue = z.output<typeof promptValueSchema>;

/** Agents and prompts have names of this form: an agent uses the prompt that has its name. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const nameSchema = z.string().regex(NAME_PATTERN, 'must be 1 to 64 of a-z, 0-9, _ and -');

/** One entry of PERCH_AGENTS. What is left out comes from the `default` agent, that is from the AI_* settings. */
export const agentDefinitionSchema = z.strictObject({
  name: nameSchema,
  /** The system prompt, where there is no prompt for the agent (see `prompt`). */
  instructions: z.string().max(100_000).optional(),
  /** The name of the prompt that is its system prompt. Left out: the one that has the agent's name. */
  prompt: nameSchema.optional(),
  /** Values of the prompt's variables. Those that a version does not have are not used. */
  prompt_variables: z.record(z.string().max(64), promptValueSchema).optional(),
  /** A model id of the catalogue. */
  model: z.string().min(1).optional(),
  /** Tool names; `[]` means none. Left out: every tool. */
  tools: z.array(z.string().min(1)).max(128).optional(),
  max_steps: z.number().int().min(1).max(1000).optional(),
  max_tokens: z.number().int().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  timeout_seconds: z.number().int().min(1).max(86_400).optional(),
  /** Answers that may be given again; left out: none. `shared`: to every user. */
  answer_cache: z
    .strictObject({ ttl_seconds: z.number().int().min(1).max(86_400), shared: z.boolean().optional() })
    .optional(),
});

export type AgentDefinition = z.output<typeof agentDefinitionSchema>;

export const agentDefinitionsSchema = z
  .array(agentDefinitionSchema)
  .max(100)
  .refine(
    (agents) => new Set(agents.map((agent) => agent.name)).size === agents.length,
    'agent names must differ',
  );
