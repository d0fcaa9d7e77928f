import type { HttpApi, HttpOperation } from '../../../config/http-tools.schema.js';
import {
  DOCUMENT_METHODS,
  DocumentFault,
  type OpenApiDocument,
  type OperationObject,
  type ParameterObject,
} from './openapi-document.js';

/** An operation that the configuration allows. */
export interface AllowedOperation {
  readonly settings: HttpOperation;
  /** Upper case. */
  readonly method: string;
  /** Template as the document writes it: `/orders/{id}`. */
  readonly path: string;
  readonly operation: OperationObject;
  /** Those of the path and the operation together. */
  readonly parameters: readonly ParameterObject[];
}

/** One of the allowed operations, by what the configuration calls it. Throws `DocumentFault`. */
export function findOperation(
  document: OpenApiDocument,
  api: HttpApi,
  settings: HttpOperation,
): AllowedOperation {
  const found = everyOperation(document).filter(
    ({ operation, method, path }) => (operation.operationId ?? `${method} ${path}`) === settings.id,
  );
  const [only] = found;
  if (!only) throw new DocumentFault('has no such operation');
  if (found.length > 1) throw new DocumentFault('has two operations with this id');
  if (!(api.methods as readonly string[]).includes(only.method)) {
    throw new DocumentFault(
      `has it as ${only.method}, which "methods" does not allow (${api.methods.join(', ')})`,
    );
  }
  return { ...only, settings };
}

function everyOperation(document: OpenApiDocument): Omit<AllowedOperation, 'settings'>[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    DOCUMENT_METHODS.flatMap((method) => {
      const operation = item[method];
      return operation
        ? [{ method: method.toUpperCase(), path, operation, parameters: parametersOf(item, operation) }]
        : [];
    }),
  );
}

/** An operation's parameter stands for the path's with the same name and place. */
function parametersOf(
  item: { readonly parameters?: readonly ParameterObject[] },
  operation: OperationObject,
): readonly ParameterObject[] {
  const byPlace = new Map<string, ParameterObject>();
  for (const parameter of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
    byPlace.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  return [...byPlace.values()];
}
