import { readFileSync } from 'node:fs';

interface Schema {
  readonly $ref?: string;
  readonly format?: string;
  readonly example?: unknown;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

export interface Operation {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly 'x-required-permission'?: string;
  readonly 'x-refuses-api-keys'?: boolean;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Something in a request that says which one is meant. */
export interface NamingParameter {
  readonly in: 'path' | 'query' | 'body';
  readonly name: string;
  /** With the segment before it, for path parameters: `sessions/{id}`. */
  readonly place: string;
}

const DOCUMENT = JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** Every operation of the committed document. */
export const ROUTES: readonly Route[] = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    operation,
  })),
);

/** All path parameters, and what is called or formatted like an id in the query and the body. */
export function namingParameters({ path, operation }: Route): NamingParameter[] {
  const inPath = [...path.matchAll(/([^/]+)\/\{(\w+)\}/g)].map(([, before, name]): NamingParameter => ({
    in: 'path',
    name: name!,
    place: `${before}/{${name}}`,
  }));
  const inQuery = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'query' && namesSomething(parameter.name, parameter.schema))
    .map(({ name }): NamingParameter => ({ in: 'query', name, place: name }));
  const inBody = Object.entries(bodyOf(operation)?.properties ?? {})
    .filter(([name, schema]) => namesSomething(name, schema))
    .map(([name]): NamingParameter => ({ in: 'body', name, place: name }));
  return [...inPath, ...inQuery, ...inBody];
}

/** The smallest body that is valid, from the examples of the document. `undefined`: it takes none. */
export function exampleBody({ operation }: Route): Record<string, unknown> | undefined {
  const schema = bodyOf(operation);
  if (!schema) return undefined;
  return Object.fromEntries(
    (schema.required ?? []).map((name) => [name, resolved(schema.properties?.[name])?.example ?? 'example']),
  );
}

const namesSomething = (name: string, schema: Schema | undefined): boolean =>
  /(^|_)ids?$/.test(name) || schema?.format === 'uuid' || schema?.items?.format === 'uuid';

const bodyOf = ({ requestBody }: Operation): Schema | undefined =>
  resolved(Object.values(requestBody?.content ?? {})[0]?.schema);

const resolved = (schema: Schema | undefined): Schema | undefined =>
  schema?.$ref === undefined ? schema : DOCUMENT.components.schemas[schema.$ref.split('/').at(-1)!];
