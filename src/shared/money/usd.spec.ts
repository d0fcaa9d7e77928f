import fc from 'fast-check';
import { formatUsd, parseUsd, usdFromNumber } from './usd.js';

describe('usd', () => {
  it('prints at least six decimals and loses nothing', () => {
    expect(formatUsd(parseUsd('0.00123'))).toBe('0.001230');
    expect(formatUsd(1n)).toBe('0.000000000001');
    expect(formatUsd(parseUsd('10'))).toBe('10.000000');
    expect(formatUsd(-parseUsd('0.5'))).toBe('-0.500000');
  });

  it('reads back what it printed, whatever the amount', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        (pico) => parseUsd(formatUsd(pico)) === pico,
      ),
    );
  });

  it('takes a number for its shortest decimal form', () => {
    expect(usdFromNumber(0.1)).toBe(100_000_000_000n);
    expect(usdFromNumber(3e-7)).toBe(300_000n);
  });

  it.each(['', '1e3', '1,5', '.5', '1.', '0.0000000000001', 'NaN'])('refuses %p', (text) => {
    expect(() => parseUsd(text)).toThrow(RangeError);
  });
});
