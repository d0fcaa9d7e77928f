/** Tokens of chat templates, and lines that pretend to begin another speaker's turn. */
const TEMPLATE_TOKEN =
  /<\|?\/?(?:im_start|im_end|im_sep|system|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|assistant|user)\|?>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:system|assistant|instructions?)(?:[_ -]?(?:prompt|message|mode))?>|\[\/?(?:system|rest-of-document)\]/gi;
const ROLE_LINE =
  /(?:^|\n)[ \t>*#[(]{0,6}(?:system|assistant|user|human|ai|chatgpt|admin|developer)[ \t]?(?:prompt|message|note|mode)?[\])*]{0,3}:/gi;
const DELIMITER = /([-=#%*_~+])\1{3,}|\/{4,}|\\n\\n\\n/g;
const DELIMITED_END =
  /(?:^|[^a-z])(?:end|stop|begin|start|new|resume|core)[ _-]{1,2}[a-z]+(?:[ _-][a-z]+){0,3}[ ]?(?:[%#*=\]>-]{2,}|:)|<\/?end/i;
const CAPITALS = /(?:\b\p{Lu}{2,}\b[^\p{L}]{1,4}){4,}/u;
const PLACEHOLDER =
  /\{[a-z_ ]{2,24}\}|\[(?:insert|your|my|the|prompt|query|question|request)[^\]]{0,40}\]|<insert/i;
const URL = /https?:\/\//i;
const IMAGE = /!\[[^\]]{0,80}\]\( ?https?:|<img[^>]{0,80}src/i;
const CODE_FENCE = /```|<code|;[ \t]{0,8}$|\bdef |\bfunction |\bclass |=>/m;
const LIST = /(?:^|\n)[ \t]{0,8}(?:[-*•]|\d{1,2}[.)])[ \t]/;
const BRACKETED_NAME = /\[[A-Z🔒🔓][A-Za-z🔒🔓 ]{1,20}\]:|\(🔒|\(🔓|🔓/u;

/** How a part of a text is laid out. */
export const SHAPES = [
  'template_token',
  'template_tokens',
  'role_line',
  'role_lines',
  'delimiter',
  'delimiters',
  'delimited_end',
  'capitals',
  'mostly_capitals',
  'placeholder',
  'url',
  'image',
  'code',
  'list',
  'bracketed_name',
  'question',
  'ends_with_question',
  'ends_with_colon',
  'long_quote',
  'flood',
  'tiny',
  'short',
  'medium',
  'long',
  'lines',
  'comment',
  'strange_signs',
] as const;
export type Shape = (typeof SHAPES)[number];

/** In the order of SHAPES. `original`: with its case. */
export function shapesOf(original: string, flood: boolean): boolean[] {
  const templates = countOf(original, TEMPLATE_TOKEN);
  const roles = countOf(original, ROLE_LINE);
  const delimiters = countOf(original, DELIMITER);
  const { length } = original;
  let upper = 0;
  let letters = 0;
  let strange = 0;
  for (let at = 0; at < length; at += 1) {
    const code = original.charCodeAt(at);
    if (code >= 65 && code <= 90) upper += 1;
    else if (code >= 97 && code <= 122) letters += 1;
    else if (code < 48 && code > 32 && code !== 44 && code !== 46 && code !== 39) strange += 1;
    else if (code > 90 && code < 97) strange += 1;
    else if (code > 122 && code < 127) strange += 1;
  }
  const shapes: Record<Shape, boolean> = {
    template_token: templates > 0,
    template_tokens: templates > 3,
    role_line: roles > 0,
    role_lines: roles > 2,
    delimiter: delimiters > 0,
    delimiters: delimiters > 2,
    delimited_end: DELIMITED_END.test(original),
    capitals: CAPITALS.test(original),
    mostly_capitals: upper > 20 && upper > letters,
    placeholder: PLACEHOLDER.test(original),
    url: URL.test(original),
    image: IMAGE.test(original),
    code: CODE_FENCE.test(original),
    list: LIST.test(original),
    bracketed_name: BRACKETED_NAME.test(original),
    question: /[?？؟]/.test(original),
    ends_with_question: /[?？؟]\s*$/.test(original.slice(-20)),
    ends_with_colon: /:\s*$/.test(original.slice(-20)),
    long_quote: /["“'][^"“”']{24,400}["”']/.test(original),
    flood,
    tiny: length < 40,
    short: length >= 40 && length < 120,
    medium: length >= 120 && length < 500,
    long: length >= 500,
    lines: countOf(original, /\n/g) > 8,
    comment: original.includes('<!--'),
    strange_signs: strange > 8 && strange > (upper + letters) * 0.15,
  };
  return SHAPES.map((shape) => shapes[shape]);
}

function countOf(text: string, pattern: RegExp): number {
  let count = 0;
  for (const _match of text.matchAll(pattern)) count += 1;
  return count;
}
