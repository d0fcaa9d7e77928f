/** What a test may cost at most, in steps of the regular expression engine: a few milliseconds. */
const MAX_STEPS = 4_000_000;

/**
 * A document's `pattern` for text that a model wrote. It helps the model to write what the API takes; the API checks
 * again. So where trying it could take long - a repetition inside a repetition, a long text - it says yes instead.
 */
export function boundedPattern(source: string, flags: string): { test(text: string): boolean } {
  const shape = shapeOf(source);
  if (!shape) return { test: () => true };
  const expression = new RegExp(source, flags);
  const maxLength = Math.floor((MAX_STEPS / shape.ways) ** (1 / (shape.repetitions + 1)));
  return { test: (text) => text.length > maxLength || expression.test(text) };
}
boundedPattern.code = 'boundedPattern';

interface Shape {
  /** Of varying and larger length: each multiplies the steps by the length of the text. */
  readonly repetitions: number;
  /** In which choices and small repetitions can be combined. */
  readonly ways: number;
}

/** Up to so many repetitions are counted one by one. */
const SMALL = 8;

/** `undefined` when something of varying length, or a choice, is itself repeated, or when a group is referred to. */
function shapeOf(source: string): Shape | undefined {
  /** Per open group: does it vary? */
  const varies: boolean[] = [false];
  let repetitions = 0;
  let ways = 1;
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at]!;
    if (character === '\\') {
      if (/[1-9k]/.test(source[at + 1] ?? '')) return undefined;
      at += 1;
    } else if (character === '[') {
      at = endOfClass(source, at);
    } else if (character === '(') {
      varies.push(false);
      at += /^\?(?:[:=!]|<[=!]|<[^>]*>)/.exec(source.slice(at + 1, at + 200))?.[0].length ?? 0;
    } else if (character === ')') {
      const isVarying = varies.pop() ?? false;
      if (isVarying && quantifierAt(source, at + 1).max > 1) return undefined;
      if (isVarying || varies.length === 0) varies[Math.max(varies.length - 1, 0)] = true;
    } else if (character === '|') {
      varies[varies.length - 1] = true;
      ways *= 2;
    } else {
      const { length, min, max } = quantifierAt(source, at);
      if (length === 0) continue;
      if (min !== max) {
        varies[varies.length - 1] = true;
        if (max > SMALL) repetitions += 1;
        else ways *= max - min + 1;
      }
      at += length - 1;
    }
  }
  return { repetitions, ways };
}

function endOfClass(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === ']') return at;
  }
  return source.length;
}

function quantifierAt(source: string, at: number): { length: number; min: number; max: number } {
  const text = source.slice(at, at + 24);
  if (text.startsWith('*')) return { length: 1, min: 0, max: Infinity };
  if (text.startsWith('+')) return { length: 1, min: 1, max: Infinity };
  if (text.startsWith('?')) return { length: 1, min: 0, max: 1 };
  const braces = /^\{(\d+)(?:(,)(\d*))?\}/.exec(text);
  if (!braces) return { length: 0, min: 1, max: 1 };
  const min = Number(braces[1]);
  const max = braces[2] === undefined ? min : braces[3] ? Number(braces[3]) : Infinity;
  return { length: braces[0].length, min, max };
}
