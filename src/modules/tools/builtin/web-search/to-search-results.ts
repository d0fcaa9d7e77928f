import type { FoundPage } from './search-engine.js';

const MAX_TITLE_LENGTH = 200;
const MAX_SNIPPET_LENGTH = 500;
const MAX_PUBLISHED_LENGTH = 40;
const MAX_URL_LENGTH = 2000;
/** Markup makes a text longer; beyond this nothing of it is read. */
const MAX_RAW_LENGTH = 8_000;

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  hellip: '…',
  ndash: '–',
  mdash: '—',
};

/** `type`, not `interface`: it is JSON. */
export type SearchResult = {
  title: string;
  url: string;
  snippet: string;
  published?: string;
};

/** Makes of what an engine found what a model should read: plain text of bounded length, each page once, http(s) only. */
export function toSearchResults(pages: readonly FoundPage[], count: number): SearchResult[] {
  const results = new Map<string, SearchResult>();
  for (const page of pages) {
    if (results.size >= count) break;
    const url = toWebAddress(page.url);
    if (url === undefined || results.has(url)) continue;
    const published = toPlainText(page.published ?? '', MAX_PUBLISHED_LENGTH);
    results.set(url, {
      title: toPlainText(page.title, MAX_TITLE_LENGTH) || url.slice(0, MAX_TITLE_LENGTH),
      url,
      snippet: toPlainText(page.snippet, MAX_SNIPPET_LENGTH),
      ...(published ? { published } : {}),
    });
  }
  return [...results.values()];
}

function toWebAddress(text: string): string | undefined {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isWeb = (url.protocol === 'http:' || url.protocol === 'https:') && url.username + url.password === '';
  return isWeb && url.href.length <= MAX_URL_LENGTH ? url.href : undefined;
}

function toPlainText(markup: string, maxLength: number): string {
  const text = markup
    .slice(0, MAX_RAW_LENGTH)
    .replace(/<\/?[a-zA-Z!][^<>]*>/g, '')
    .replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-z]{2,8}));/g, decodeEntity)
    // Format characters hide text from people that a model reads; joiners stay, scripts and emoji need them.
    .replace(/(?:(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}])+/gu, ' ')
    .trim()
    .toWellFormed();
  return text.length > maxLength ? `${text.slice(0, maxLength - 1).toWellFormed()}…` : text;
}

function decodeEntity(all: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return NAMED[name] ?? all;
  const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
}
