import { findPhoneNumbersInText, isSupportedCountry } from 'libphonenumber-js/max';
import validator from 'validator';
import type { PersonalDataKind } from '../../../config/personal-data.js';

/** A value in a text. */
export interface PersonalValue {
  readonly kind: PersonalDataKind;
  readonly start: number;
  readonly end: number;
}

interface Finder {
  /** What might be one; bounded, so that no text takes long. */
  readonly candidates: RegExp;
  /** The part of a candidate that is one, from its beginning or at `[start, end)`. */
  readonly check: (candidate: string, country: string | undefined) => readonly [number, number] | undefined;
}

const all = (candidate: string, is: boolean): readonly [number, number] | undefined =>
  is ? [0, candidate.length] : undefined;

/** In this order: of two values that overlap the first kind's counts. */
const FINDERS: Readonly<Record<PersonalDataKind, Finder>> = {
  email: {
    candidates:
      /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}_%+][\p{L}\p{N}._%+-]{0,63}@[\p{L}\p{N}.-]{1,200}\.\p{L}{2,24}/gu,
    check: (text) => all(text, validator.isEmail(text, { allow_utf8_local_part: true })),
  },
  iban: {
    candidates: /(?<![\w])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![a-z0-9_])/g,
    check: checkIban,
  },
  card: {
    candidates: /(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-])/g,
    check: checkCard,
  },
  ssn: {
    candidates: /(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g,
    check: (text) => all(text, true),
  },
  ip: {
    candidates:
      /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)|(?<![\w.:])(?=[0-9a-f:]*\d)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:]|\.\d)/gi,
    check: (text) => all(text, text.length > 5 && validator.isIP(text)),
  },
  phone: {
    candidates: /(?<![\w.])[+(]?\d[\d\s()./-]{5,24}\d(?!\w)/g,
    check: checkPhone,
  },
};

/** Finds the values of these kinds, by their form and their check digits. `country`: of phone numbers without a prefix. */
export function findPersonalData(
  text: string,
  kinds: ReadonlySet<PersonalDataKind>,
  country: string | undefined,
): readonly PersonalValue[] {
  const found: PersonalValue[] = [];
  for (const kind of Object.keys(FINDERS) as PersonalDataKind[]) {
    if (!kinds.has(kind)) continue;
    const { candidates, check } = FINDERS[kind];
    const places = new RegExp(candidates);
    for (let match = places.exec(text); match; match = places.exec(text)) {
      const place = check(match[0], country);
      if (!place) continue;
      // What was taken for a part of this value may be the beginning of another one.
      places.lastIndex = match.index + place[1];
      const [start, end] = [match.index + place[0], match.index + place[1]];
      if (!found.some((other) => start < other.end && other.start < end)) found.push({ kind, start, end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Capital letters behind it may have been taken for a part of it. */
function checkIban(text: string): readonly [number, number] | undefined {
  for (let end = text.length; end >= 15; end -= 1) {
    if (text[end - 1] !== ' ' && validator.isIBAN(text.slice(0, end))) return [0, end];
  }
  return undefined;
}

/** Groups of digits behind it (when it expires, its check number) may have been taken for a part of it. */
function checkCard(text: string): readonly [number, number] | undefined {
  for (let end = text.length; end >= 12; end -= 1) {
    const isGroupEnd = end === text.length || /[ -]/.test(text[end]!);
    if (isGroupEnd && validator.isCreditCard(text.slice(0, end))) return [0, end];
  }
  return undefined;
}

function checkPhone(text: string, country: string | undefined): readonly [number, number] | undefined {
  if (!text.startsWith('+') && !text.startsWith('(+') && country === undefined) return undefined;
  const defaultCountry = country !== undefined && isSupportedCountry(country) ? country : undefined;
  const [found] = findPhoneNumbersInText(text, defaultCountry);
  return found && [found.startsAt, found.endsAt];
}
