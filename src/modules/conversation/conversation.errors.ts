import { AppError } from '../../shared/errors/app-error.js';

export function tooManyPins(limit: number): AppError {
  return new AppError('conflict', 'too_many_pins', {
    detail: `A conversation may have ${limit} pinned messages. Unpin another one first.`,
    extensions: { limit },
  });
}
