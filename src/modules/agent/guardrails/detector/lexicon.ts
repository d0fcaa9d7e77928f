/** What words of an instruction are about, whatever their language. The order is that of the bits, so new ones go to the end. */
export const CONCEPTS = [
  'ignore',
  'prior',
  'instructions',
  'system',
  'reveal',
  'secret',
  'persona',
  'unrestricted',
  'mode',
  'say',
  'only',
  'model',
  'refusal',
  'cipher',
  'private',
  'send',
  'your',
  'not',
  'new',
  'explain',
  'guard',
  'authority',
  'text',
  'harm',
  'all',
  'pretext',
  'urgent',
  'hidden',
  'grade',
  'own',
] as const;
export type Concept = (typeof CONCEPTS)[number];

/** Words and phrases by concept, separated by commas. A star: any ending. */
export type Lexicon = Readonly<Partial<Record<Concept, string>>>;
