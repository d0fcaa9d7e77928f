import type { RunPrompt } from './prompt.js';

/** As the row of a run has it. */
export interface RunPromptColumns {
  readonly prompt_name: string | null;
  readonly prompt_version: number | null;
}

export function toRunPrompt({
  prompt_name: name,
  prompt_version: version,
}: RunPromptColumns): RunPrompt | null {
  return name === null || version === null ? null : { name, version };
}
