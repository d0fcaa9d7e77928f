import { Context, Liquid, type Template, toValueSync } from 'liquidjs';

/** Of a template, in UTF-8. */
export const MAX_TEMPLATE_BYTES = 100_000;
/** Of what a template comes to. */
export const MAX_RENDERED_CHARACTERS = 200_000;

export const ALLOWED_FILTERS: readonly string[] = [
  'default',
  'upcase',
  'downcase',
  'strip',
  'truncate',
  'join',
];

const ALLOWED_TAGS: ReadonlySet<string> = new Set(['if', 'unless', 'case', 'comment', '#']);

/** A last resort: how much there is to do is bounded by what the policy lets in. */
const RENDER_LIMIT_MS = 2_000;
const MEMORY_LIMIT = 10_000_000;

/**
 * The template language with all taken out that a template has no need of: what is not there can be reached by no trick
 * of the grammar. It reads no files, knows no clock, and calls nothing but the filters above.
 */
export const ENGINE = restricted();

function restricted(): Liquid {
  const engine = new Liquid({
    templates: {},
    globals: Object.create(null) as object,
    strictFilters: true,
    strictVariables: true,
    ownPropertyOnly: true,
    parseLimit: MAX_TEMPLATE_BYTES,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
  });
  for (const name of Object.keys(engine.tags)) if (!ALLOWED_TAGS.has(name)) delete engine.tags[name];
  for (const name of Object.keys(engine.filters)) {
    if (!ALLOWED_FILTERS.includes(name)) engine.unregisterFilter(name);
  }
  return engine;
}

/** Throws when the text becomes too long, or what the language throws. */
export function renderTemplate(template: readonly Template[], values: object): string {
  const scope = Object.assign(Object.create(null) as object, values);
  const context = new Context(scope, ENGINE.options, { sync: true }, { liquid: ENGINE });
  const emitter = new BoundedEmitter();
  toValueSync(ENGINE.renderer.renderTemplates([...template], context, emitter));
  return emitter.buffer;
}

/** A short template may name a long value a thousand times. */
class BoundedEmitter {
  buffer = '';

  write(value: unknown): void {
    this.buffer += toText(value);
    if (this.buffer.length > MAX_RENDERED_CHARACTERS) {
      throw new Error(`it comes to more than ${MAX_RENDERED_CHARACTERS} characters`);
    }
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(toText).join('');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
