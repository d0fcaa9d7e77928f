import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FieldError } from '../../../shared/errors/app-error.js';
import type { JsonSchema, JsonValue } from '../../../shared/llm/json.js';
import { boundedPattern } from './bounded-pattern.js';
import { DocumentFault } from './openapi-document.js';

const MAX_INPUT_LENGTH = 262_144;
const MAX_DEPTH = 32;
/** Of one list: telling whether its items differ takes the square of it. */
const MAX_ITEMS = 1_000;
const MAX_ERRORS = 10;
const MAX_DETAIL_LENGTH = 300;
const MAX_POINTER_LENGTH = 200;

export type InputCheck = (input: JsonValue) => readonly FieldError[];

/**
 * Compiles a tool's schema to a check that says what is wrong with an input; nothing, when it is fine. The check never
 * throws. Throws `DocumentFault` for a schema that makes no sense.
 */
export function compileCheck(schema: JsonSchema): InputCheck {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    // A parameter may be called `constructor`; what every object inherits under that name is no value for it.
    ownProperties: true,
    addUsedSchema: false,
    validateSchema: false,
    code: { regExp: boundedPattern },
    logger: false,
  });
  addFormats.default(ajv, { mode: 'fast' });
  const validate = compile(ajv, schema);
  return (input) => sizeErrors(input) ?? schemaErrors(validate, input);
}

function compile(ajv: Ajv2020, schema: JsonSchema): ValidateFunction {
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new DocumentFault(`has a schema that makes no sense: ${(error as Error).message.slice(0, 300)}`);
  }
}

function schemaErrors(validate: ValidateFunction, input: JsonValue): readonly FieldError[] {
  if (validate(input)) return [];
  return (validate.errors ?? []).slice(0, MAX_ERRORS).map(toFieldError);
}

function toFieldError({ instancePath, keyword, params, message }: ErrorObject): FieldError {
  const { additionalProperty, missingProperty, allowedValues } = params as {
    additionalProperty?: string;
    missingProperty?: string;
    allowedValues?: unknown[];
  };
  if (keyword === 'additionalProperties' && additionalProperty !== undefined) {
    return field(`${instancePath}/${escape(additionalProperty)}`, 'is not a parameter of this tool');
  }
  if (keyword === 'required' && missingProperty !== undefined) {
    return field(`${instancePath}/${escape(missingProperty)}`, 'is required');
  }
  if (keyword === 'enum' && allowedValues)
    return field(instancePath, `must be one of ${JSON.stringify(allowedValues)}`);
  return field(instancePath, message ?? 'is not valid');
}

function field(pointer: string, detail: string): FieldError {
  return { pointer: cut(pointer, MAX_POINTER_LENGTH), detail: cut(detail, MAX_DETAIL_LENGTH) };
}

function cut(text: string, maxLength: number): string {
  return (text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`).toWellFormed();
}

function escape(name: string): string {
  return name.slice(0, MAX_POINTER_LENGTH).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Before the schema is tried: what is too large or too deep is not walked through. */
function sizeErrors(input: JsonValue): readonly FieldError[] | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return [field('', 'must be a JSON object')];
  }
  let length = 0;
  const left: { readonly value: JsonValue; readonly depth: number }[] = [{ value: input, depth: 0 }];
  for (let node = left.pop(); node; node = left.pop()) {
    const { value, depth } = node;
    length += typeof value === 'string' ? value.length + 2 : 4;
    if (depth > MAX_DEPTH) return [field('', `must not be nested deeper than ${MAX_DEPTH}`)];
    if (Array.isArray(value) && value.length > MAX_ITEMS)
      return [field('', `must not have lists of more than ${MAX_ITEMS} items`)];
    if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        length += key.length;
        left.push({ value: member, depth: depth + 1 });
      }
    }
    if (length > MAX_INPUT_LENGTH)
      return [field('', `must not be longer than ${MAX_INPUT_LENGTH} characters`)];
  }
  return undefined;
}
