import { Type } from 'class-transformer';
import { ArrayMaxSize, IsInt, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import { AppError } from '../errors/app-error.js';
import { createValidationPipe } from './validation.pipe.js';

class Wheel {
  @IsInt()
  size!: number;
}

class Car {
  @IsString()
  @MaxLength(10)
  name!: string;

  @IsOptional()
  @IsInt()
  'a/b~c'?: number;

  @IsOptional()
  @ValidateNested({ each: true })
  @ArrayMaxSize(100)
  @Type(() => Wheel)
  wheels?: Wheel[];
}

const pipe = createValidationPipe();
const check = (value: unknown): Promise<unknown> => pipe.transform(value, { type: 'body', metatype: Car });

async function errorsOf(value: unknown): Promise<AppError['errors']> {
  try {
    await check(value);
  } catch (error) {
    if (error instanceof AppError && error.code === 'validation_failed') return error.errors;
    throw error;
  }
  throw new Error('it was taken');
}

describe(createValidationPipe.name, () => {
  it('gives a controller an instance of what it declares', async () => {
    const car = await check({ name: 'Deux', wheels: [{ size: 15 }] });
    expect(car).toBeInstanceOf(Car);
    expect((car as Car).wheels?.[0]).toBeInstanceOf(Wheel);
  });

  it('points to what is wrong, however deep, and escapes the pointer', async () => {
    const wheels = [{ size: 15 }, { size: '15', colour: 'red' }];
    expect(await errorsOf({ name: 5, 'a/b~c': 'x', wheels })).toEqual([
      { pointer: '/name', detail: expect.stringContaining('must be') },
      { pointer: '/a~1b~0c', detail: 'must be an integer number' },
      { pointer: '/wheels/1/colour', detail: 'is not a member of this request' },
      { pointer: '/wheels/1/size', detail: 'must be an integer number' },
    ]);
  });

  it('changes no value into what it is not', async () => {
    expect(await errorsOf({ name: 'x', 'a/b~c': '5' })).toEqual([
      { pointer: '/a~1b~0c', detail: 'must be an integer number' },
    ]);
  });

  it('repeats no value', async () => {
    const canary = 'canary-4711';
    const errors = await errorsOf({ name: canary + canary, 'a/b~c': canary, wheels: canary });
    expect(errors).toHaveLength(3);
    expect(JSON.stringify(errors)).not.toContain(canary);
  });

  it('reports so many faults and no more', async () => {
    const wheels = Array.from({ length: 100 }, () => ({ size: 'x' }));
    expect(await errorsOf({ name: 'x', wheels })).toHaveLength(50);
  });

  it.each([null, undefined, 5, 'x', [], [{ name: 'x' }], {}])('refuses %j', async (value) => {
    expect((await errorsOf(value))!.length).toBeGreaterThanOrEqual(0);
  });
});
