/*
 * What Perch reads of an OpenAPI 3.0 or 3.1 document, after validation and with every `$ref` resolved. Objects may be
 * shared, and a schema may contain itself.
 */

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths?: Readonly<Record<string, PathItem>>;
}

export const DOCUMENT_METHODS = [
  'get',
  'head',
  'post',
  'put',
  'patch',
  'delete',
  'options',
  'trace',
] as const;
export type DocumentMethod = (typeof DOCUMENT_METHODS)[number];

export type PathItem = Readonly<Partial<Record<DocumentMethod, OperationObject>>> & {
  readonly parameters?: readonly ParameterObject[];
};

export interface OperationObject {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: RequestBodyObject;
}

export interface ParameterObject {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly description?: string;
  readonly required?: boolean;
  readonly style?: string;
  readonly explode?: boolean;
  readonly schema?: SchemaObject | boolean;
  readonly content?: Readonly<Record<string, MediaTypeObject>>;
}

export interface RequestBodyObject {
  readonly description?: string;
  readonly required?: boolean;
  readonly content: Readonly<Record<string, MediaTypeObject>>;
}

export interface MediaTypeObject {
  readonly schema?: SchemaObject | boolean;
}

/** A JSON Schema of either version; read by `to-json-schema.ts` only. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** What is wrong with a document, or with what the configuration asks of it. */
export class DocumentFault extends Error {}
