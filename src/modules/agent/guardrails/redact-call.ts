import type { JsonValue } from '../../../shared/llm/json.js';
import type { ToolCall } from '../../../shared/llm/tool-call.js';
import type { KnownSecrets } from './output/secrets/known-secrets.js';
import { SecretStage } from './output/secrets/secret-stage.js';
import { filterWhole } from './output/text-stage.js';

/** The call without secrets in its name and arguments; the same one when there are none. `onFound`: once for each. */
export function redactCall(secrets: KnownSecrets, call: ToolCall, onFound: () => void): ToolCall {
  let hasFound = false;
  const redacted = (text: string): string =>
    filterWhole(
      new SecretStage(secrets, () => {
        hasFound = true;
        onFound();
      }),
      text,
    );
  const { toolName, input, invalidInput } = call;
  const cleaned = {
    ...call,
    // Vendors take nothing back that is not a word.
    toolName: redacted(toolName) === toolName ? toolName : 'secret_removed',
    input: mapTexts(input, redacted),
    ...(invalidInput === undefined ? {} : { invalidInput: redacted(invalidInput) }),
  };
  return hasFound ? cleaned : call;
}

/** Strings and names of members. */
function mapTexts(value: JsonValue, map: (text: string) => string): JsonValue {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item: JsonValue) => mapTexts(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [map(name), mapTexts(item, map)]));
}
