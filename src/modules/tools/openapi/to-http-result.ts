import type { JsonValue } from '../../../shared/llm/json.js';
import { ToolError, ToolUnavailableError } from '../tool.js';
import type { FieldPicker } from './pick-fields.js';
import { plainText } from './plain-text.js';
import type { ReadBody } from './read-body.js';

/** What a model is shown of a text; JSON is bounded by the executor. */
const MAX_TEXT_LENGTH = 32_000;
const MAX_EXCERPT_LENGTH = 500;
/** Where APIs say what was wrong, RFC 9457 first. */
const EXPLANATIONS = ['detail', 'title', 'message', 'error_description', 'error', 'errors', 'code', 'fault'];

/** Whatever was asked: nobody is there who could answer. A plain 500 may come from this one question. */
const OUTAGES: ReadonlySet<number> = new Set([502, 503, 504]);

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'It did not accept the parameters.',
  401: 'It did not accept the credentials of this installation; another call will not help.',
  403: 'It does not allow this; another call will not help.',
  404: 'It has no such thing.',
  409: 'It conflicts with the present state.',
  422: 'It did not accept the parameters.',
  429: 'It was asked too often; wait before you ask again.',
};

export interface HttpAnswer {
  readonly status: number;
  readonly body: ReadBody;
  /** The header as it came. */
  readonly retryAfter: string | null;
}

/**
 * The tool's result; with `pick`, only what it keeps. Throws `ToolError` for every status that is no success, and
 * `ToolUnavailableError` for those of a server that is down.
 */
export function toHttpResult(answer: HttpAnswer, pick: FieldPicker | undefined): JsonValue {
  const { status, body } = answer;
  if (status < 200 || status > 299) throw toHttpError(answer, pick !== undefined);
  return { status, ...shown(body, pick) };
}

function shown(body: ReadBody, pick: FieldPicker | undefined): { [member: string]: JsonValue } {
  switch (body.kind) {
    case 'none':
      return { body: null };
    case 'json':
      return { body: pick ? pick(body.value) : body.value };
    case 'text': {
      // Fields were named to be shown; a text has none.
      if (pick) return { body: null, truncated: body.isTruncated };
      const isCut = body.text.length > MAX_TEXT_LENGTH;
      const text = isCut ? body.text.slice(0, MAX_TEXT_LENGTH).toWellFormed() : body.text;
      return { body: text, ...(isCut || body.isTruncated ? { truncated: true } : {}) };
    }
    case 'binary': {
      const { mimeType, bytes, isTruncated } = body;
      return { body: { mime_type: mimeType, bytes, ...(isTruncated ? { truncated: true } : {}) } };
    }
  }
}

function toHttpError({ status, body, retryAfter }: HttpAnswer, hasPicker: boolean): ToolError {
  if (status >= 300 && status <= 399) {
    return new ToolError(
      `http_${status}`,
      `The API answered ${status}, a redirect. Redirects are not followed; another call will not help.`,
    );
  }
  const meaning =
    MEANINGS[status] ?? (status >= 500 ? 'It has a fault of its own; try again later.' : 'It refused.');
  const said = excerptOf(body, hasPicker);
  const message = `The API answered ${status}. ${meaning}${pauseOf(retryAfter)}${said ? ` It says: ${said}` : ''}`;
  return OUTAGES.has(status) ? new ToolUnavailableError(message) : new ToolError(`http_${status}`, message);
}

function pauseOf(retryAfter: string | null): string {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter)
    ? ` It wants a pause of ${retryAfter} seconds.`
    : '';
}

/** With fields to be shown, only what explains the failure: the rest was not meant for the model. */
function excerptOf(body: ReadBody, hasPicker: boolean): string {
  if (body.kind === 'text' && !hasPicker) return excerpt(body.text);
  return body.kind === 'json' ? excerpt(explanationOf(body.value, hasPicker)) : '';
}

function excerpt(text: string): string {
  return plainText(text.slice(0, 4 * MAX_EXCERPT_LENGTH), MAX_EXCERPT_LENGTH);
}

function explanationOf(value: JsonValue, hasPicker: boolean): string {
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const told = EXPLANATIONS.filter((name) => Object.hasOwn(members, name)).map((name) => {
    const member = members[name];
    return typeof member === 'string' ? member : JSON.stringify(member);
  });
  if (told.length > 0) return told.join(' ');
  return hasPicker ? '' : JSON.stringify(value);
}
