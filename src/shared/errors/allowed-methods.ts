import { METHODS } from 'node:http';
import type { Request } from 'express';

/** The part of Express' router that we look into. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The path alone: a query may hold what must not be repeated. `request.path` lacks what a middleware is mounted on. */
export function pathOf(request: Request): string {
  return request.originalUrl.split('?', 1)[0]!;
}

/** The methods that the request's path has. Empty: there is no such path. */
export function allowedMethods(request: Request): string[] {
  const { stack } = request.app.router as unknown as { stack: readonly RouterLayer[] };
  const path = pathOf(request);
  const methods = new Set<string>();
  for (const layer of stack) {
    if (!layer.route || isCatchAll(layer.route) || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/** A route of every method is the framework's way of answering 404: a real one would have answered already. */
function isCatchAll({ methods }: NonNullable<RouterLayer['route']>): boolean {
  return '_all' in methods || Object.keys(methods).length >= METHODS.length;
}

/** A path that cannot be decoded matches nothing. */
function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
