/*
 * Whether an address was written by somebody as a whole. A beginning of it, or its parts here and there, are not enough:
 * who may choose among parts can spell.
 */

/** What comes after an address that is over: what no address holds, perhaps behind the end of a sentence. */
const END = /[.,;:!?*_~]*(?:[^\x21-\x7e]|["'`<>\\{}|^()[\]#]|$)/y;
/** What comes before a path from the root of a site; a line break is an escape in JSON. */
const BEFORE_PATH = /(?:^|[^\x21-\x7e]|["'`<>(=[]|\\[nrt])$/;
/** Any other relative link is one where Markdown or HTML says so. */
const BEFORE_LINK = /(?:\]\(<?|href=\\?["'])(?:\.\/)?$/;
const LONGEST_BEFORE = 10;

/** As it stands in `text`, or without what the normal form adds to it. */
export function isWrittenIn(text: string, destination: string, url: URL): boolean {
  const forms = new Set([destination, url.href]);
  // People leave out the slash behind a host.
  if (url.href === `${url.origin}/`) forms.add(url.origin);
  return [...forms].some((form) => standsIn(text, form));
}

/** Alone, or as the site of some address. */
export function isSiteIn(text: string, origin: string): boolean {
  return text.includes(`${origin}/`) || standsIn(text, origin);
}

/** As a link of the page that `text` is of, relative to its address. */
export function isLinkedFrom(text: string, page: string, url: URL): boolean {
  const base = URL.canParse(page) ? new URL(page) : undefined;
  if (base?.origin !== url.origin || url.username !== '' || url.password !== '') return false;
  const path = `${url.pathname}${url.search}${url.hash}`;
  if (standsIn(text, path, BEFORE_PATH)) return true;
  const directory = base.pathname.slice(0, base.pathname.lastIndexOf('/') + 1);
  if (!path.startsWith(directory) || path === directory) return false;
  return standsIn(text, path.slice(directory.length), BEFORE_LINK);
}

function standsIn(text: string, address: string, before?: RegExp): boolean {
  for (let at = text.indexOf(address); at >= 0; at = text.indexOf(address, at + 1)) {
    END.lastIndex = at + address.length;
    if (!END.test(text)) continue;
    if (!before || before.test(text.slice(Math.max(0, at - LONGEST_BEFORE), at))) return true;
  }
  return false;
}
