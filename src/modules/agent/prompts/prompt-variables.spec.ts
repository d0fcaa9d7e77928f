import {
  declarationFaults,
  type DeclaredVariable,
  inferVariables,
  isPromptValue,
  resolveValues,
  toVariables,
  unknownValues,
} from './prompt-variables.js';
import { PromptTemplate } from './template/prompt-template.js';

const TEMPLATE = PromptTemplate.read('{{ company }}\n{% if tone %}{{ tone }}{% endif %}');

describe('the variables of a prompt', () => {
  it('are those of the template, all of them required, when nothing is declared', () => {
    expect(inferVariables(TEMPLATE)).toEqual([
      { name: 'company', required: true },
      { name: 'tone', required: true },
    ]);
  });

  it('are what is declared, and required unless that says otherwise or has a default', () => {
    const declared: DeclaredVariable[] = [
      { name: 'a' },
      { name: 'b', description: 'B', required: false },
      { name: 'c', default: 'x' },
      { name: 'd', default: false },
    ];
    expect(toVariables(declared)).toEqual([
      { name: 'a', required: true },
      { name: 'b', description: 'B', required: false },
      { name: 'c', default: 'x', required: false },
      { name: 'd', default: false, required: false },
    ]);
  });

  it('are all declared, or none; the one that is not is named with its place', () => {
    expect(declarationFaults([{ name: 'company' }, { name: 'unused' }], TEMPLATE)).toEqual([
      { pointer: '/template', detail: 'line 2, column 7: the variable "tone" is not declared' },
    ]);
    expect(declarationFaults([{ name: 'company' }, { name: 'tone' }], TEMPLATE)).toEqual([]);
  });

  it('are not declared twice, not with a name of the language, and not as required with a default', () => {
    const faults = declarationFaults(
      [
        { name: 'company' },
        { name: 'company' },
        { name: 'tone', required: true, default: 'x' },
        { name: 'nil' },
      ],
      TEMPLATE,
    );
    expect(faults.map(({ pointer }) => pointer)).toEqual([
      '/variables/1/name',
      '/variables/2/default',
      '/variables/3/name',
    ]);
  });
});

describe('the values of a prompt', () => {
  const variables = toVariables([{ name: 'a' }, { name: 'b', default: 'B' }, { name: 'c', required: false }]);

  it('are what is supplied, the default, or nothing', () => {
    expect(resolveValues(variables, { a: 1 })).toEqual({ values: { a: 1, b: 'B', c: null }, faults: [] });
    expect(resolveValues(variables, { a: '', b: false, c: ['x'] }).values).toEqual({
      a: '',
      b: false,
      c: ['x'],
    });
  });

  it('are named when they are missing, unknown or not to be used', () => {
    expect(resolveValues(variables, { b: { x: 1 } }).faults).toEqual([
      { name: 'a', detail: 'is required' },
      { name: 'b', detail: expect.stringContaining('must be') },
    ]);
    expect(unknownValues(variables, { a: 1, d: 2 })).toEqual([
      { name: 'd', detail: 'is not a variable of this version, which has a, b and c' },
    ]);
    expect(unknownValues(variables.slice(0, 1), { d: 2 })[0]?.detail).toMatch(/which has a$/);
    expect(unknownValues([], { d: 2 })).toEqual([{ name: 'd', detail: 'is not a variable of this version' }]);
  });

  it('do not come from the objects of the runtime', () => {
    const [constructor] = toVariables([{ name: 'toString' }]);
    expect(resolveValues([constructor!], {}).faults).toEqual([{ name: 'toString', detail: 'is required' }]);
  });

  it.each([
    ['', true],
    ['x'.repeat(10_000), true],
    ['x'.repeat(10_001), false],
    ['\u0000', false],
    ['\ud800', false],
    [-1.5, true],
    [Infinity, false],
    [true, true],
    [[], true],
    [['x'.repeat(1_000)], true],
    [['x'.repeat(1_001)], false],
    [['\ud800'], false],
    [Array.from({ length: 101 }, () => 'x'), false],
    [[1], false],
    [[['x']], false],
    [null, false],
    [undefined, false],
    [{}, false],
  ])('are bounded texts, numbers, booleans and lists: case %#', (value, isGood) => {
    expect(isPromptValue(value)).toBe(isGood);
  });
});
