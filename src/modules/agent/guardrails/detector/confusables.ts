/** Letters of other scripts that look like a Latin one, beside it. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  a: 'аɑα',
  b: 'Ьƅ',
  c: 'сϲⅽ',
  d: 'ԁⅾ',
  e: 'еєҽ',
  g: 'ɡց',
  h: 'һհ',
  i: 'іıι',
  j: 'јϳ',
  k: 'кκ',
  l: 'ӏⅼ',
  m: 'мⅿ',
  n: 'ոп',
  o: 'оοօ',
  p: 'рρ',
  q: 'ԛգ',
  r: 'гᴦ',
  s: 'ѕꜱ',
  t: 'тτ',
  u: 'υսц',
  v: 'ѵν',
  w: 'ѡԝω',
  x: 'хχ',
  y: 'уүγ',
  z: 'ᴢ',
  A: 'АΑ',
  B: 'ВΒ',
  C: 'СϹ',
  E: 'ЕΕ',
  G: 'Ԍ',
  H: 'НΗ',
  I: 'ІΙӀ',
  J: 'Ј',
  K: 'КΚ',
  M: 'МΜ',
  N: 'Ν',
  O: 'ОΟ',
  P: 'РΡ',
  S: 'Ѕ',
  T: 'ТΤ',
  U: 'Ս',
  V: 'Ѵ',
  W: 'Ԝ',
  X: 'ХΧ',
  Y: 'ҮΥУ',
  Z: 'Ζ',
};

const LATIN_OF = new Map(
  Object.entries(LOOKALIKES).flatMap(([latin, others]) =>
    Array.from(others, (other) => [other, latin] as const),
  ),
);

const WORD = /[\p{L}\p{M}]+/gu;
const LATIN = /\p{sc=Latn}/u;
const NOT_LATIN = /[\p{sc=Cyrl}\p{sc=Grek}\p{sc=Armn}]/u;
/** Words that are made of look-alikes only, such as "аnd" with one letter left: read as Latin in a text that is mostly Latin. */
const ALL_LOOKALIKES = new RegExp(`^[${[...LATIN_OF.keys()].join('')}]+$`, 'u');

/** Writes words that mix scripts in Latin letters; words of one script stay as they are. */
export function foldConfusables(text: string): { text: string; mixedWords: number } {
  if (!NOT_LATIN.test(text)) return { text, mixedWords: 0 };
  let mixedWords = 0;
  const folded = text.replace(WORD, (word) => {
    if (!NOT_LATIN.test(word) || !LATIN.test(word)) return word;
    mixedWords += 1;
    return toLatin(word);
  });
  if (mixedWords < 2) return { text: folded, mixedWords };
  return {
    text: folded.replace(WORD, (word) => (ALL_LOOKALIKES.test(word) ? toLatin(word) : word)),
    mixedWords,
  };
}

function toLatin(word: string): string {
  return Array.from(word, (letter) => LATIN_OF.get(letter) ?? letter).join('');
}
