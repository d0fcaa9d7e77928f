import fc from 'fast-check';
import { safeIdentifier } from './safe-identifier.js';

describe(safeIdentifier.name, () => {
  it('leaves good identifiers alone', () => {
    expect(safeIdentifier('call_Ab-1', 40)).toBe('call_Ab-1');
  });

  it('keeps apart what only differs in the characters it replaces', () => {
    expect(safeIdentifier('a.b', 40)).not.toBe(safeIdentifier('a:b', 40));
  });

  it('always gives a valid identifier, the same for the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        expect(safeIdentifier(text, 40)).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
        expect(safeIdentifier(text, 40)).toBe(safeIdentifier(text, 40));
      }),
    );
  });
});
