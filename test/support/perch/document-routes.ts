import { readFileSync } from 'node:fs';

interface Operation {
  readonly operationId: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly 'x-required-permission'?: string;
  readonly 'x-refuses-api-keys'?: boolean;
}

export interface DocumentedRoute {
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly operation: Operation;
}

const MISSING = '0193ab40-0000-7000-8000-000000000000';

/** Every route of the committed OpenAPI document. */
export function documentedRoutes(): DocumentedRoute[] {
  const document = JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

export function isPrivate({ operation }: DocumentedRoute): boolean {
  return operation.security?.length !== 0;
}

/** Calls the route with ids of nothing, and with an empty body where it may have one. */
export function callRoute(
  url: string,
  { method, path }: DocumentedRoute,
  headers: Readonly<Record<string, string>> = {},
  query = '',
): Promise<Response> {
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return fetch(`${url}${path.replace(/\{\w+\}/g, MISSING)}${query}`, {
    method,
    headers: { ...(hasBody ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(hasBody ? { body: '{}' } : {}),
  });
}
