/** A key that can be told by how it begins, and by what follows. */
export interface SecretForm {
  readonly prefix: string;
  readonly body: RegExp;
  /** So many characters of the body make it one. */
  readonly min: number;
  /** Words could look like it: one of the first characters must be a digit, and none before it a letter. */
  readonly isWordLike?: boolean;
}

const ALNUM = /[A-Za-z0-9]/;
const UPPER = /[A-Z0-9]/;
const WORD = /[A-Za-z0-9_]/;
const SLUG = /[A-Za-z0-9_-]/;

/** Published formats of vendors' keys, and our own (`pk_`). The patterns of logs (observability/redact.ts) are wider. */
export const SECRET_FORMS: readonly SecretForm[] = [
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix) => ({ prefix, body: UPPER, min: 16 })),
  { prefix: 'AIza', body: SLUG, min: 30 },
  { prefix: 'ya29.', body: SLUG, min: 20 },
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => ({ prefix, body: ALNUM, min: 20 })),
  { prefix: 'github_pat_', body: WORD, min: 22 },
  { prefix: 'glpat-', body: SLUG, min: 20 },
  ...['sk-', 'sk_', 'pk_', 'rk_', 'whsec_'].map((prefix) => ({
    prefix,
    body: SLUG,
    min: 16,
    isWordLike: true,
  })),
  ...['xoxa-', 'xoxb-', 'xoxe-', 'xoxe.', 'xoxp-', 'xoxr-', 'xoxs-', 'xoxc-', 'xoxd-', 'xapp-'].map(
    (prefix) => ({
      prefix,
      body: /[A-Za-z0-9%.-]/,
      min: 10,
    }),
  ),
  { prefix: 'hooks.slack.com/services/', body: /[A-Za-z0-9/]/, min: 20 },
  { prefix: 'npm_', body: ALNUM, min: 30 },
  { prefix: 'hf_', body: ALNUM, min: 30, isWordLike: true },
  { prefix: 'SG.', body: /[A-Za-z0-9_.-]/, min: 40, isWordLike: true },
  { prefix: 'dop_v1_', body: ALNUM, min: 40 },
  { prefix: 'AGE-SECRET-KEY-1', body: UPPER, min: 40 },
];

/** Where a private key begins. */
export const PEM_BEGIN = '-----BEGIN ';

/** The base64 of `{"`: where a JSON Web Token begins. */
export const JWT_BEGIN = 'eyJ';

/** What stands before the credentials of a connection string. */
export const CONNECTION = '://';
