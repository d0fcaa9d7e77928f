/** The words that any text in these languages has most of. */
const FREQUENT = new Set(
  (
    'the of and to in is you that it he was for on are as with his they at be this have from or had by not but what all were we when your can said ' +
    'there use an each which she do how their if will up other about out many then them these so some her would make like him into has look more ' +
    'write go see number no way could people my than first been call who its now find down day did get come made may part me our i a ' +
    'der die und in den von zu das mit sich des auf ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind wie ' +
    'de la que el en y a los se del las un por con no una su para es al lo como mas o ' +
    'le et les des est pour dans ce il qui ne sur pas plus par je avec tout vous ' +
    'ignore previous instructions system prompt password user tell please'
  ).split(' '),
);
const WORD = /[a-z\u00df-\u00ff]{2,}/g;
const MAX_WORDS = 400;
/** Fewer different words say nothing about a language. */
const LEAST_KNOWN = 3;

/** The share of words, from 0 to 1, that are among the most frequent of English, German, Spanish and French. */
export function languageShare(lowerText: string): number {
  let words = 0;
  let known = 0;
  const different = new Set<string>();
  for (const [word] of lowerText.matchAll(WORD)) {
    words += 1;
    if (FREQUENT.has(word)) {
      known += 1;
      different.add(word);
    }
    if (words >= MAX_WORDS) break;
  }
  return different.size < LEAST_KNOWN ? 0 : known / words;
}
