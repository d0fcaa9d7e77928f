import { z } from 'zod';
import { TIERS } from '../shared/context/principal.js';

/** What an operator says of a tool; what is left out comes from the rule of its side effect, then from the tool itself. */
const toolRuleSchema = z.strictObject({
  /** `false`: nobody has it. */
  enabled: z.boolean().optional(),
  /** `granted`: only users whom an administrator has given it by name. */
  access: z.enum(['everyone', 'granted']).optional(),
  /** The lowest tier that has it, unless an administrator has given it by name. */
  min_tier: z.enum(TIERS).optional(),
  /** Whether a person must agree to every call. */
  approval: z.enum(['always', 'never']).optional(),
  /** Whether strangers can write into what it returns; MCP servers and HTTP APIs count as such until this says no. */
  returns_untrusted: z.boolean().optional(),
  /** Whether it returns what must not leave the installation. */
  returns_private: z.boolean().optional(),
  /** Of one user, over all replicas. */
  calls_per_minute: z.number().int().min(0).max(1_000_000).optional(),
  timeout_seconds: z.number().min(0.1).max(3600).optional(),
});

export type ToolRule = z.output<typeof toolRuleSchema>;

/** By the name of a tool, or by a side effect for all tools that have it: `@read`, `@write`, `@egress`. */
export const toolRulesSchema = z.record(
  z
    .string()
    .regex(/^(@(read|write|egress)|[a-zA-Z0-9_-]{1,64})$/, 'must be a tool’s name, @read, @write or @egress'),
  toolRuleSchema,
);

export type ToolRules = z.output<typeof toolRulesSchema>;
