/** How the bytes under an address are read, by what the server says of them; `undefined`: they are no text. */
export interface PageKind {
  /** Lower case, without parameters; empty when the server said nothing. */
  readonly mediaType: string;
  readonly charset: string | undefined;
  readonly kind: 'html' | 'text' | undefined;
}

const HTML = /^(text\/html|application\/xhtml\+xml)$/;
const TEXT =
  /^(text\/[\w.+-]+|application\/([\w.-]+\+)?(json|xml|yaml)|application\/(x-yaml|javascript|x-javascript|ecmascript|x-ndjson|json-seq|jsonl|toml|sql|x-sh|rtf))$/;
const SNIFFED_BYTES = 1024;

export function pageKindOf(contentType: string | null, bytes: Uint8Array): PageKind {
  const [written = '', ...parameters] = (contentType ?? '').slice(0, 500).toLowerCase().split(';');
  const mediaType = written.trim();
  const charset = parameters.map((each) => /^\s*charset\s*=\s*"?([\w:.-]+)/.exec(each)?.[1]).find(Boolean);
  return { mediaType, charset, kind: kindOf(mediaType, charset, bytes.subarray(0, SNIFFED_BYTES)) };
}

function kindOf(mediaType: string, charset: string | undefined, head: Uint8Array): PageKind['kind'] {
  const isKnown = HTML.test(mediaType) || TEXT.test(mediaType) || mediaType === '';
  if (!isKnown || (head.includes(0) && !isUtf16(charset, head))) return undefined;
  if (mediaType !== '') return HTML.test(mediaType) ? 'html' : 'text';
  return /^\s*(<!doctype html|<html|<head|<body)/i.test(Buffer.from(head).toString('latin1'))
    ? 'html'
    : 'text';
}

function isUtf16(charset: string | undefined, [first, second]: Uint8Array): boolean {
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return hasMark || /^utf-?16|^utf-?32/.test(charset ?? '');
}
