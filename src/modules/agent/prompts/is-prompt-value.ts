import { ValidateBy } from 'class-validator';
import { isPromptValue } from './prompt-variables.js';

/** What a variable of a prompt may be. */
export function IsPromptValue(): PropertyDecorator {
  return ValidateBy({
    name: 'isPromptValue',
    validator: {
      validate: isPromptValue,
      defaultMessage: () =>
        'must be a text of at most 10000 characters, a number, a boolean, or a list of at most 100 texts of at most 1000',
    },
  });
}
