import { parentPort, workerData } from 'node:worker_threads';
import type { PageJob, PageText } from './read-page.js';

/*
 * Turns the bytes of a page into text that a model can read. Runs in a thread of its own: the page is a stranger's, and
 * may be made to take for ever.
 */

/** As much of the DOM as is used here; the program is compiled without a browser's types. */
interface PageElement {
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
  replaceWith(text: string): void;
  cloneNode(deep: boolean): PageElement;
}

interface PageDocument {
  readonly body: PageElement;
  readonly title: string;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

const MAX_TITLE_LENGTH = 300;
const MAX_ALT_LENGTH = 200;
/** Shorter articles are a sign that the page is no article: a list, a form, a front page. */
const MIN_ARTICLE_LENGTH = 250;
const META_BYTES = 1024;
const META_CHARSET = /<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?\s{0,5}([\w:.-]{1,40})/i;
const XML_ENCODING = /^\s{0,20}<\?xml[^>]{0,100}?encoding\s{0,5}=\s{0,5}["']([\w:.-]{1,40})/i;
const UNSEEN =
  'body title,script,style,noscript,template,iframe,frame,object,embed,svg,canvas,audio,video,dialog,' +
  '[hidden],[aria-hidden="true"]';
const NOT_SHOWN = /display\s*:\s*none|visibility\s*:\s*hidden/i;

async function readPage({
  bytes,
  kind,
  charset,
  url,
  startIndex,
  maxCharacters,
  maxJsonBytes,
}: PageJob): Promise<PageText> {
  const source = decode(bytes, charset, kind);
  const { title, text } = await read(source, kind, url);
  const clean = text.replace(/\r\n?/g, '\n').replaceAll('\u0000', '').toWellFormed();
  const part = cut(clean, startIndex, maxCharacters, maxJsonBytes);
  return { title: squeeze(title), text: part, totalCharacters: clean.length };
}

/** The order of the HTML standard: the mark in the text, then what the server says, then what the page says. */
function decode(bytes: Uint8Array, charset: string | undefined, kind: PageJob['kind']): string {
  const label = markOf(bytes) ?? known(charset) ?? known(declaredIn(bytes, kind));
  if (label !== undefined) return new TextDecoder(label).decode(bytes);
  try {
    // The end may be cut in the middle of a character.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function markOf([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return first === 0xff && second === 0xfe ? 'utf-16le' : undefined;
}

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/** `<?xml encoding?>`, in HTML `<meta charset>` too. What can be read so is not written in UTF-16. */
function declaredIn(bytes: Uint8Array, kind: PageJob['kind']): string | undefined {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, META_BYTES));
  const label = (XML_ENCODING.exec(head) ?? (kind === 'text' ? undefined : META_CHARSET.exec(head)))?.[1];
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label;
}

async function read(
  source: string,
  kind: PageJob['kind'],
  url: string,
): Promise<{ title: string; text: string }> {
  if (kind === 'text') return { title: '', text: source };
  const plain = (): { title: string; text: string } => ({
    title: titleIn(source),
    text: withoutTags(source),
  });
  if (kind === 'hard-html') return plain();
  try {
    return await toMarkdown(source, url);
  } catch (error) {
    // Elements in elements in elements are more than the stack holds.
    if (error instanceof RangeError) return plain();
    throw error;
  }
}

async function toMarkdown(html: string, url: string): Promise<{ title: string; text: string }> {
  const [linkedom, { Readability }, { default: TurndownService }] = await Promise.all([
    import('linkedom/worker'),
    import('@mozilla/readability'),
    import('turndown'),
  ]);
  const { parseHTML } = linkedom as unknown as {
    parseHTML: (html: string) => { document: PageDocument };
  };
  const { document } = parseHTML(withBody(html));
  prepare(document, url);
  const whole = document.body.cloneNode(true);
  const article = new Readability<PageElement>(document, {
    serializer: (node: unknown) => node as PageElement,
    disableJSONLD: true,
  }).parse();
  const isArticle = (article?.textContent ?? '').trim().length >= MIN_ARTICLE_LENGTH;
  const markdown = new TurndownService({
    headingStyle: 'atx',
    codeBlockStyle: 'fenced',
    bulletListMarker: '-',
  });
  return {
    title: article?.title || document.title || titleIn(html),
    text: markdown
      .turndown(isArticle ? article!.content : whole)
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
  };
}

/** Leaves what a person sees, with addresses that stand for themselves. */
function prepare(document: PageDocument, url: string): void {
  const base = addressOf(document.querySelector('base[href]')?.getAttribute('href') ?? '', url) ?? url;
  for (const element of document.querySelectorAll(UNSEEN)) element.remove();
  // Some pages show their body only once scripts have run.
  for (const element of document.querySelectorAll('body [style]')) {
    if (NOT_SHOWN.test(element.getAttribute('style') ?? '')) element.remove();
  }
  for (const link of document.querySelectorAll('a[href]')) {
    const address = addressOf(link.getAttribute('href') ?? '', base);
    if (address === undefined) link.removeAttribute('href');
    else link.setAttribute('href', address);
  }
  // An image is nothing that can be read, and its address would be asked for by whoever shows the text.
  for (const image of document.querySelectorAll('img')) {
    const alt = (image.getAttribute('alt') ?? '').trim().slice(0, MAX_ALT_LENGTH);
    if (alt === '') image.remove();
    else image.replaceWith(`(image: ${alt})`);
  }
}

function addressOf(href: string, base: string): string | undefined {
  if (!URL.canParse(href, base)) return undefined;
  const address = new URL(href, base);
  return /^(https?|mailto):$/.test(address.protocol) ? address.href : undefined;
}

function withoutTags(html: string): string {
  return html
    .replace(/<(script|style)\b[^<]*(?:<(?!\/\1)[^<]*)*/gi, '')
    .replace(/<[^<>]*>/g, ' ')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n');
}

function titleIn(html: string): string {
  return /<title[^<>]*>([^<]*)/i.exec(html)?.[1] ?? '';
}

function squeeze(title: string): string {
  return title.replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE_LENGTH).toWellFormed();
}

/** A part of the text that fits, in characters and as JSON; never half of a pair of surrogates. */
function cut(text: string, start: number, maxCharacters: number, maxJsonBytes: number): string {
  let end = Math.min(text.length, start + maxCharacters);
  for (;;) {
    const part = text.slice(start, end);
    const bytes = Buffer.byteLength(JSON.stringify(part));
    if (bytes <= maxJsonBytes)
      return part.isWellFormed() || end === text.length ? part : text.slice(start, end - 1);
    end = start + Math.floor((part.length * maxJsonBytes * 0.98) / bytes);
  }
}

parentPort!.postMessage(await readPage(workerData as PageJob));

/** HTML lets authors leave the tags of the body out; the parser here then finds none. */
function withBody(html: string): string {
  if (/<body[\s>]/i.test(html) && /<html[\s>]/i.test(html)) return html;
  const content = html.replace(/<!doctype[^>]{0,500}>|<\/?(?:html|head|body)(?:\s[^>]{0,2000})?>/gi, '');
  return `<html><body>${content}</body></html>`;
}
