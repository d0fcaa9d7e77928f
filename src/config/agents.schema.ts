import { z } from 'zod';

/** One entry of PERCH_AGENTS. What is left out comes from the `default` agent, that is from the AI_* settings. */
export const agentDefinitionSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, _ and -'),
  /** The system prompt. */
  instructions: z.string().max(100_000).optional(),
  /** A model id of the catalogue. */
  model: z.string().min(1).optional(),
  /** Tool names; `[]` means none. Left out: every tool. */
  tools: z.array(z.string().min(1)).max(128).optional(),
  max_steps: z.number().int().min(1).max(1000).optional(),
  max_tokens: z.number().int().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  timeout_seconds: z.number().int().min(1).max(86_400).optional(),
});

export type AgentDefinition = z.output<typeof agentDefinitionSchema>;

export const agentDefinitionsSchema = z
  .array(agentDefinitionSchema)
  .max(100)
  .refine(
    (agents) => new Set(agents.map((agent) => agent.name)).size === agents.length,
    'agent names must differ',
  );
