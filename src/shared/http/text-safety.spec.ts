import { plainToInstance } from 'class-transformer';
import { IsOptional, validateSync } from 'class-validator';
import fc from 'fast-check';
import { isSafeText, IsSafeJson, IsSafeText } from './text-safety.js';

class Note {
  @IsSafeText()
  text!: unknown;

  @IsOptional()
  @IsSafeJson({ maxBytes: 40 })
  data?: unknown;
}

class Strict {
  @IsSafeJson({ maxBytes: 40 })
  data!: unknown;
}

const faultsOf = (members: object): string[] =>
  validateSync(plainToInstance(Note, members)).map(({ property }) => property);

describe('safe text', () => {
  it('is every text that UTF-8 can carry and PostgreSQL can store', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const isCarried = Buffer.from(text, 'utf8').toString('utf8') === text;
        expect(isSafeText(text)).toBe(isCarried && !text.includes('\0'));
      }),
    );
  });

  it.each(['a\0b', '\ud800', 'a\udc00b', '\udc00\ud800', 5, null, undefined, {}])('is not %j', (text) => {
    expect(faultsOf({ text })).toEqual(['text']);
  });

  it.each(['', 'Grüße', '🦉', '\u0001', '\uFFFD'])('is %j', (text) => {
    expect(faultsOf({ text })).toEqual([]);
  });
});

describe('safe JSON', () => {
  it.each([[{}], [{ a: [1, null, true, 'x', { b: '🦉' }] }], ['x'.repeat(38)], [0]])('is %j', (data) => {
    expect(faultsOf({ text: '', data })).toEqual([]);
  });

  it.each([
    ['a NUL in a list', { a: ['\0'] }],
    ['a NUL in a name', { 'a\0': 1 }],
    ['half a pair deep within', { a: { b: [{ c: '\ud83e' }] } }],
    ['half a pair in a name', { a: { '\ud83e': 1 } }],
    ['one byte too many', 'x'.repeat(39)],
    ['too many bytes of few characters', '🦉'.repeat(10)],
  ])('is not one with %s', (_what, data) => {
    expect(faultsOf({ text: '', data })).toEqual(['data']);
  });

  it('is not nothing', () => {
    expect(validateSync(plainToInstance(Strict, {}))).toHaveLength(1);
  });
});
