import { promptValueSchema } from '../../../config/agents.schema.js';
import type { FieldError } from '../../../shared/errors/app-error.js';
import { isSafeText } from '../../../shared/http/text-safety.js';
import type { PromptValue, PromptValues, PromptVariable } from './prompt.js';
import { isVariableName, list } from './template/expression-policy.js';
import type { PromptTemplate } from './template/prompt-template.js';

/** As a caller declares it. */
export interface DeclaredVariable {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly default?: PromptValue;
}

export function isPromptValue(value: unknown): value is PromptValue {
  const { success, data } = promptValueSchema.safeParse(value);
  return success && [data].flat().every((part) => typeof part !== 'string' || isSafeText(part));
}

/** Without a declaration every variable of the template has to be supplied. */
export function inferVariables(template: PromptTemplate): PromptVariable[] {
  return [...template.variables.keys()].map((name) => ({ name, required: true }));
}

/** A variable with a default need not be supplied. */
export function toVariables(declared: readonly DeclaredVariable[]): PromptVariable[] {
  return declared.map(({ required, ...variable }) => ({
    ...variable,
    required: required ?? variable.default === undefined,
  }));
}

/** What is wrong with a declaration, by itself and with its template. */
export function declarationFaults(
  declared: readonly DeclaredVariable[],
  template: PromptTemplate,
): FieldError[] {
  const names = new Set<string>();
  const faults = declared.flatMap((variable, index): FieldError[] => {
    const { name } = variable;
    const isTaken = names.has(name);
    names.add(name);
    const at = (member: string, detail: string) => ({ pointer: `/variables/${index}/${member}`, detail });
    return [
      ...(isVariableName(name) ? [] : [at('name', 'is not a name that a variable may have')]),
      ...(isTaken ? [at('name', 'is declared twice')] : []),
      ...(variable.required === true && variable.default !== undefined
        ? [at('default', 'a variable that is required has no default')]
        : []),
    ];
  });
  for (const [name, place] of template.variables) {
    if (!names.has(name)) {
      faults.push({ pointer: '/template', detail: `${place}: the variable "${name}" is not declared` });
    }
  }
  return faults;
}

/** A value that cannot be used, or is not there. */
export interface ValueFault {
  readonly name: string;
  readonly detail: string;
}

/** Every variable with its value, and what is wrong with the values that were supplied. */
export function resolveValues(
  variables: readonly PromptVariable[],
  supplied: Readonly<Record<string, unknown>>,
): { readonly values: Record<string, PromptValue | null>; readonly faults: readonly ValueFault[] } {
  const given = new Map(Object.entries(supplied));
  const values = Object.create(null) as Record<string, PromptValue | null>;
  const faults: ValueFault[] = [];
  for (const { name, required, default: fallback } of variables) {
    const value = given.get(name);
    if (value === undefined && required) faults.push({ name, detail: 'is required' });
    else if (value !== undefined && !isPromptValue(value))
      faults.push({ name, detail: 'must be a short text, a number, a boolean or a list of short texts' });
    else values[name] = value ?? fallback ?? null;
  }
  return { values, faults };
}

/** Values of variables that are not there: a typo, where somebody wrote them for this prompt. */
export function unknownValues(variables: readonly PromptVariable[], supplied: PromptValues): ValueFault[] {
  const known = new Set(variables.map(({ name }) => name));
  const names = variables.length > 0 ? `, which has ${list([...known])}` : '';
  return Object.keys(supplied)
    .filter((name) => !known.has(name))
    .map((name) => ({ name, detail: `is not a variable of this version${names}` }));
}
