import type { Prompt, PromptVersion } from './prompt.js';
import type { PromptDto, PromptVersionDto } from './prompts.dto.js';

export function toPromptDto(prompt: Prompt, agents: readonly string[]): PromptDto {
  return {
    name: prompt.name,
    description: prompt.description,
    active_version: prompt.activeVersion,
    latest_version: prompt.latestVersion,
    rollout: prompt.rollout,
    agents: [...agents],
    created_at: prompt.createdAt.toISOString(),
    updated_at: prompt.updatedAt.toISOString(),
  };
}

export function toPromptVersionDto(version: PromptVersion): PromptVersionDto {
  return {
    name: version.name,
    version: version.version,
    template: version.template,
    variables: version.variables.map(({ name, description, required, default: fallback }) => ({
      name,
      description: description ?? null,
      required,
      default: fallback ?? null,
    })),
    hash: version.hash,
    created_by: version.createdBy,
    created_at: version.createdAt.toISOString(),
  };
}
