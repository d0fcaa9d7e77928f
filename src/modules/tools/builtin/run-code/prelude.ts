/*
 * The part of `run_code` that runs inside the sandbox, before the program: it sets `data` and `console`, and evaluates to
 * the functions with which the host reads the outcome. They keep what they need of the language in variables, because the
 * program may replace anything (`JSON.stringify = …`, `Array.prototype.push = …`). What it can spoil all the same, by a
 * `toJSON` for example, is its own result, within its own limits.
 *
 * All texts leave as JSON strings: the host's `getString` stops at NUL, and JSON escapes it.
 */

/** Length in UTF-16 units of what is kept. The host cuts once more, by bytes. */
export const MAX_RESULT_LENGTH = 64 * 1024;
export const MAX_LOG_LENGTH = 16 * 1024;

export const PRELUDE = String.raw`
((dataJson) => {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const { isView } = ArrayBuffer;
  const { toString: symbolToString } = Symbol.prototype;
  const { slice } = String.prototype;
  const MapClass = Map, SetClass = Set, ErrorClass = Error, toText = String;
  const { from } = Array;

  const cut = (text, length) => (text.length > length ? apply(slice, text, [0, length]) : text);

  // What JSON has no form for, and what it would silently turn into null or {}.
  const toJsonForm = (key, value) => {
    switch (typeof value) {
      case 'bigint':
        return toText(value);
      case 'number':
        return value - value === 0 ? value : toText(value);
      case 'object':
        if (value === null) return value;
        if (value instanceof MapClass || value instanceof SetClass) return [...value];
        if (value instanceof ErrorClass) return { name: value.name, message: value.message };
        return isView(value) && 'length' in value ? apply(from, Array, [value]) : value;
      default:
        return value;
    }
  };

  const printed = (value) => {
    switch (typeof value) {
      case 'string':
        return value;
      case 'symbol':
        return apply(symbolToString, value, []);
      case 'object':
        if (value instanceof ErrorClass) return value.name + ': ' + value.message;
        return stringify(value, toJsonForm) ?? 'undefined';
      case 'function':
        return '[function]';
      default:
        return toText(value);
    }
  };

  let log = '';
  let isLogCut = false;
  const print = (...values) => {
    let line = '';
    for (let index = 0; index < values.length && !isLogCut; index += 1) {
      let text;
      try {
        text = printed(values[index]);
      } catch {
        text = '[cannot be printed]';
      }
      line += (index === 0 ? '' : ' ') + cut(text, ${MAX_LOG_LENGTH});
    }
    const room = ${MAX_LOG_LENGTH} - log.length;
    if (isLogCut || line.length + 1 > room) isLogCut = true;
    log += cut(line + '\n', room);
  };

  globalThis.console = { log: print, info: print, warn: print, error: print, debug: print };
  globalThis.data = dataJson === '' ? undefined : parse(dataJson);

  return {
    valueOf: (box) => box.value,
    report: (value) => {
      const text = stringify(value, toJsonForm) ?? 'null';
      return (
        '[' + stringify(cut(text, ${MAX_RESULT_LENGTH})) + ',' + (text.length > ${MAX_RESULT_LENGTH}) + ',' +
        stringify(log) + ',' + isLogCut + ']'
      );
    },
    describe: (error) => {
      const part = (read) => {
        try {
          return stringify(cut(toText(read()), 1000));
        } catch {
          return '""';
        }
      };
      const isObject = (typeof error === 'object' && error !== null) || typeof error === 'function';
      const name = part(() => (isObject ? error.name : 'Thrown'));
      const message = part(() => (isObject && 'message' in error ? error.message : printed(error)));
      return '[' + name + ',' + message + ',' + part(() => (isObject ? error.stack : '')) + ']';
    },
  };
})
`;
