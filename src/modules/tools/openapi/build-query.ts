import type { JsonValue } from '../../../shared/llm/json.js';
import { ArgumentFault } from './argument-fault.js';
import type { PlannedParameter } from './operation-plan.js';
import { percentEncode } from './percent-encode.js';
import { scalarText } from './scalar-text.js';

const SEPARATORS = { spaceDelimited: '%20', pipeDelimited: '%7C' } as const;

/** The query without `?`; empty when no parameter is given. `null` counts as not given. Throws `ArgumentFault`. */
export function buildQuery(
  parameters: readonly PlannedParameter[],
  input: Readonly<Record<string, JsonValue>>,
): string {
  return parameters
    .filter(({ in: place }) => place === 'query')
    .flatMap((parameter) => {
      const value = input[parameter.member];
      return value === undefined || value === null ? [] : pairsOf(parameter, value);
    })
    .map(([name, encoded]) => `${percentEncode(name)}=${encoded}`)
    .join('&');
}

type Pair = readonly [name: string, encodedValue: string];

function pairsOf(parameter: PlannedParameter, value: JsonValue): Pair[] {
  const { member, name, style, explode } = parameter;
  const encoded = (item: JsonValue): string => percentEncode(queryText(member, item));
  if (style === 'json') return [[name, percentEncode(JSON.stringify(value))]];
  if (style === 'deepObject') return deepPairs(parameter, value);
  if (!Array.isArray(value)) return [[name, encoded(value)]];
  if (value.length === 0) return [];
  if (style === 'form' && explode) return value.map((item) => [name, encoded(item)]);
  const separator = style === 'spaceDelimited' || style === 'pipeDelimited' ? SEPARATORS[style] : ',';
  return [[name, value.map(encoded).join(separator)]];
}

function deepPairs({ member, name }: PlannedParameter, value: JsonValue): Pair[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ArgumentFault(member, 'must be an object');
  }
  return Object.entries(value).flatMap(([key, item]): Pair[] => {
    if (!/^[^[\]]+$/.test(scalarText(member, key))) {
      throw new ArgumentFault(member, 'must not have empty names or names with brackets');
    }
    const items = Array.isArray(item) ? item : item === null ? [] : [item];
    return items.map((each) => [`${name}[${key}]`, percentEncode(queryText(member, each))]);
  });
}

/** Text in a query may have lines: a search, a comment. Nothing else is a control character there. */
function queryText(member: string, value: JsonValue): string {
  if (typeof value === 'string') scalarText(member, value.replace(/[\t\n\r]/g, ' '));
  else return scalarText(member, value);
  return value;
}
