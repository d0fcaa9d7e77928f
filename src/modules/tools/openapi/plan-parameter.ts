import type { HttpApi } from '../../../config/http-tools.schema.js';
import { DocumentFault, type ParameterObject, type SchemaObject } from './openapi-document.js';
import type { ParameterStyle, PlannedParameter } from './operation-plan.js';

/** How a parameter is written, without the name that the model gets for it. */
export type PlannedPlace = Omit<PlannedParameter, 'member'>;

/** OpenAPI says itself that header parameters of these names mean nothing. */
const IGNORED_HEADERS = new Set(['accept', 'content-type', 'authorization']);

const STYLES: Readonly<Record<'path' | 'query' | 'header', readonly string[]>> = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
};

/** `undefined` when the model does not set this one. Throws `DocumentFault` for what cannot be written. */
export function planParameter(parameter: ParameterObject, api: HttpApi): PlannedPlace | undefined {
  const { name, in: place } = parameter;
  const isRequired = place === 'path' || parameter.required === true;
  if (place === 'cookie') return leaveOut(parameter, isRequired);
  if (place === 'header' && IGNORED_HEADERS.has(name.toLowerCase())) return undefined;
  if (isSetByCode(parameter, api)) return undefined;
  if (place === 'header' && !isAllowedHeader(name, api)) return leaveOut(parameter, isRequired);
  const style = styleOf(parameter, place);
  const isForm = style === 'form' || style === 'deepObject';
  return { name, in: place, style, explode: parameter.explode ?? isForm, isRequired };
}

function leaveOut({ name, in: place }: ParameterObject, isRequired: boolean): undefined {
  if (!isRequired) return undefined;
  throw new DocumentFault(
    place === 'cookie'
      ? `needs the cookie ${name}: the model sets no cookies`
      : `needs the header ${name}, which is neither in "headers" nor a credential`,
  );
}

/** Credentials and the idempotency key are added later; the model does not even see that they are there. */
function isSetByCode({ name, in: place }: ParameterObject, api: HttpApi): boolean {
  if (place === 'header' && name.toLowerCase() === api.idempotency_header?.toLowerCase()) return true;
  return api.credentials.some(
    (credential) =>
      credential.in === place &&
      (place === 'header' ? credential.name.toLowerCase() === name.toLowerCase() : credential.name === name),
  );
}

function isAllowedHeader(name: string, api: HttpApi): boolean {
  return api.headers.some((allowed) => allowed.toLowerCase() === name.toLowerCase());
}

function styleOf(parameter: ParameterObject, place: 'path' | 'query' | 'header'): ParameterStyle {
  const { name, content, schema } = parameter;
  if (content) {
    const [mediaType] = Object.keys(content);
    if (mediaType && /^application\/([\w.-]+\+)?json\b/i.test(mediaType)) return 'json';
    throw new DocumentFault(
      `writes its parameter ${name} as ${mediaType ?? 'nothing'}, which is not supported`,
    );
  }
  const style = parameter.style ?? (place === 'query' ? 'form' : 'simple');
  if (!STYLES[place].includes(style)) {
    throw new DocumentFault(
      `writes its ${place} parameter ${name} in the style ${style}, which is not supported`,
    );
  }
  const isSeparated = style === 'spaceDelimited' || style === 'pipeDelimited';
  if (isSeparated && parameter.explode === true) {
    throw new DocumentFault(`writes its parameter ${name} as ${style} with explode, which is not supported`);
  }
  if (style !== 'deepObject' && isObjectSchema(schema)) {
    throw new DocumentFault(
      `has the object ${name} as a ${place} parameter in the style ${style}; objects are supported as deepObject or JSON`,
    );
  }
  return style as ParameterStyle;
}

function isObjectSchema(schema: SchemaObject | boolean | undefined): boolean {
  return typeof schema === 'object' && (schema.type === 'object' || schema.properties !== undefined);
}
