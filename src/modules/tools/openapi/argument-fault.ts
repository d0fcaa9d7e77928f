import type { FieldError } from '../../../shared/errors/app-error.js';

/** A value that the model wrote and that cannot be sent as it is. */
export class ArgumentFault extends Error {
  readonly field: FieldError;

  constructor(member: string, detail: string) {
    super(detail);
    this.field = { pointer: `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`, detail };
  }
}
