import { AppError } from '../../../shared/errors/app-error.js';

/** 409 `memory_off`. */
export function memoryOff(isInstalled: boolean): AppError {
  return new AppError('conflict', 'memory_off', {
    detail: isInstalled
      ? 'Your memory is switched off. Switch it on first: PUT /agent/memories/settings.'
      : 'This installation does not remember anything about its users.',
  });
}

/** 409 `memory_full`. */
export function memoryFull(limit: number): AppError {
  return new AppError('conflict', 'memory_full', {
    detail: `There is room for ${limit} facts. Delete one first.`,
    extensions: { limit },
  });
}
