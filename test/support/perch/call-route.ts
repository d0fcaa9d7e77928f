import type { Route } from './routes.js';

const MISSING = '0193ab40-0000-7000-8000-000000000000';

export function isPrivate({ operation }: Route): boolean {
  return operation.security?.length !== 0;
}

/** Calls the route with ids of nothing, and with an empty body where it may have one. */
export function callRoute(
  url: string,
  { method, path }: Route,
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
