import { ValidateBy, type ValidationOptions } from 'class-validator';

const MAX_TOOLS = 128;

/** A list of tool names, or `false`. */
export function IsToolSelection(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isToolSelection',
      validator: {
        validate: (value: unknown) =>
          value === false ||
          (Array.isArray(value) &&
            value.length <= MAX_TOOLS &&
            value.every((name) => typeof name === 'string' && name !== '' && name.length <= 64)),
        defaultMessage: () => `must be false or a list of at most ${MAX_TOOLS} tool names`,
      },
    },
    options,
  );
}
