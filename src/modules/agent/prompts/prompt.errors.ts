import { AppError, type FieldError, validationFailed } from '../../../shared/errors/app-error.js';
import type { ValueFault } from './prompt-variables.js';

/** More are not told at once. */
const MAX_ERRORS = 50;

export function promptExists(): AppError {
  return new AppError('conflict', 'version_conflict', {
    detail: 'There is a prompt of this name. Add a version to it: POST /prompts/{name}/versions.',
  });
}

export function templateRefused(faults: readonly string[]): AppError {
  return refused(faults.map((detail) => ({ pointer: '/template', detail })));
}

export function noSuchVersion(): AppError {
  return validationFailed([{ pointer: '/version', detail: 'is not a version of this prompt' }]);
}

export function isActiveAlready(): AppError {
  return validationFailed([
    { pointer: '/version', detail: 'is the active version: there is nothing to roll out' },
  ]);
}

export function valuesRefused(faults: readonly ValueFault[]): AppError {
  return refused(faults.map(({ name, detail }) => ({ pointer: `/variables/${escape(name)}`, detail })));
}

export function refused(errors: readonly FieldError[]): AppError {
  return validationFailed(errors.slice(0, MAX_ERRORS));
}

/** RFC 6901. */
function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
