import { z } from 'zod';
import { PROVIDER_NAMES } from './providers.js';

/** USD per million tokens, as price lists print it: a number or a decimal string with at most six decimals. */
const price = z.union([
  z.number().min(0).max(1_000_000),
  z.string().regex(/^\d{1,7}(\.\d{1,6})?$/, 'must be a price such as "0.15"'),
]);

/** One entry of AI_MODELS: a model that the price data does not know, or other facts about one that it does. */
export const configuredModelSchema = z.strictObject({
  /** What callers ask for. */
  id: z.string().min(1).max(200),
  provider: z.enum(PROVIDER_NAMES).optional(),
  /** What the vendor is sent; the id when left out. */
  vendor_model: z.string().min(1).optional(),
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  /** Name of the environment variable that holds the key: keys do not belong into this JSON. */
  api_key_env: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .optional(),
  /** Azure: the deployment, when it is not the vendor_model. */
  deployment: z.string().min(1).optional(),
  api_version: z.string().min(1).optional(),
  context_window: z.number().int().positive().optional(),
  max_output_tokens: z.number().int().positive().optional(),
  price: z
    .strictObject({
      input: price,
      output: price,
      cache_read: price.optional(),
      cache_write: price.optional(),
    })
    .optional(),
  tools: z.boolean().optional(),
  images: z.boolean().optional(),
  reasoning: z.boolean().optional(),
  temperature: z.boolean().optional(),
  api: z.enum(['chat', 'responses']).optional(),
  stall_timeout_ms: z.number().int().positive().optional(),
});

export type ConfiguredModel = z.output<typeof configuredModelSchema>;

export const configuredModelsSchema = z
  .array(configuredModelSchema)
  .max(1000)
  .refine(
    (models) => new Set(models.map((model) => model.id)).size === models.length,
    'model ids must differ',
  );
