import { type ValidationError, ValidationPipe } from '@nestjs/common';
import { type FieldError, validationFailed } from '../errors/app-error.js';

const MAX_REPORTED_ERRORS = 50;

/** Checks bodies and queries against their DTOs. Unknown members are refused, and no value is repeated in the answer. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => validationFailed(toFieldErrors(errors).slice(0, MAX_REPORTED_ERRORS)),
  });
}

function toFieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap((error) => {
    const pointer = `${parent}/${escape(error.property)}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail:
        rule === 'whitelistValidation'
          ? 'is not a member of this request'
          : withoutName(message, error.property),
    }));
    return [...own, ...toFieldErrors(error.children ?? [], pointer)];
  });
}

/** "message must be a string" → "must be a string": the pointer says where. */
function withoutName(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

/** RFC 6901. */
function escape(property: string): string {
  return property.replaceAll('~', '~0').replaceAll('/', '~1');
}
