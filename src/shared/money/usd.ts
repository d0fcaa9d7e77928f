/**
 * Money is exact: an integer count of pico-dollars (1 USD = 10^12). One token at $0.000001 per million tokens is one
 * pico-dollar, so every published price per million tokens with up to six decimals is represented without rounding.
 */
export type PicoUsd = bigint;

export const PICO_PER_USD = 1_000_000_000_000n;
const DECIMALS = 12;

/** Reads a plain decimal such as `"10"`, `"0.25"`; more than twelve decimals are refused. Throws `RangeError`. */
export function parseUsd(text: string): PicoUsd {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) throw new RangeError(`not a dollar amount: ${text}`);
  const pico = BigInt(match[2]!) * PICO_PER_USD + BigInt((match[3] ?? '').padEnd(DECIMALS, '0'));
  return match[1] ? -pico : pico;
}

/** Reads a number from a price list or the environment. Its shortest decimal form is taken as what was meant. */
export function usdFromNumber(value: number): PicoUsd {
  return parseUsd(value.toFixed(DECIMALS));
}

/** The contract's form: a plain decimal with at least six decimals (`"0.001230"`), more where they are not zero. */
export function formatUsd(pico: PicoUsd): string {
  const sign = pico < 0n ? '-' : '';
  const absolute = pico < 0n ? -pico : pico;
  const fraction = (absolute % PICO_PER_USD).toString().padStart(DECIMALS, '0');
  return `${sign}${absolute / PICO_PER_USD}.${fraction.slice(0, 6)}${fraction.slice(6).replace(/0+$/, '')}`;
}

/** For metrics only, where a float is what the wire takes. */
export function usdToNumber(pico: PicoUsd): number {
  return Number(pico) / Number(PICO_PER_USD);
}
