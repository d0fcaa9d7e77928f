import type { CallToolResult } from '@modelcontextprotocol/client';
import type { JsonObject, JsonValue } from '../../../shared/llm/json.js';
import { toBoundedJson } from '../bounded-json.js';

const MAX_BLOCKS = 100;
const MAX_TEXT_LENGTH = 48_000;
const MAX_LABEL_LENGTH = 500;

type Block = CallToolResult['content'][number];

/**
 * A server's answer as bounded JSON: `{content: […], structured?}`. Texts share a bound; of images, sounds and other
 * bytes only their kind and size is left. `hide` takes credentials out of whatever text there is,
 * before it is cut: half of a credential is not found any more.
 */
export function fromCallResult(result: CallToolResult, hide: (text: string) => string): JsonValue {
  const structured = result.structuredContent;
  const blocks = withoutEcho(result.content, structured).slice(0, MAX_BLOCKS);
  let left = MAX_TEXT_LENGTH;
  let isCut = blocks.length === MAX_BLOCKS;
  const take = (text: string): string => {
    const taken = hide(text).slice(0, left).toWellFormed();
    left -= taken.length;
    isCut ||= taken.length < text.length;
    return taken;
  };
  const content = blocks.map((block) => toJson(block, take, hide));
  return {
    ...(content.length > 0 || structured === undefined ? { content } : {}),
    ...(structured === undefined ? {} : { structured: toBoundedJson(hidden(structured as JsonValue, hide)) }),
    ...(isCut ? { truncated: true } : {}),
  };
}

/** The words of an answer that says that the tool failed. */
export function errorTextOf({ content }: CallToolResult): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
}

function toJson(block: Block, take: (text: string) => string, hide: (text: string) => string): JsonObject {
  const label = (text: string): string => hide(text).slice(0, MAX_LABEL_LENGTH).toWellFormed();
  switch (block.type) {
    case 'text':
      return { type: 'text', text: take(block.text) };
    case 'image':
    case 'audio':
      return { type: block.type, mime_type: label(block.mimeType), bytes: bytesOf(block.data) };
    case 'resource_link':
      return {
        type: 'resource_link',
        uri: label(block.uri),
        name: label(block.name),
        ...(block.description === undefined ? {} : { description: label(block.description) }),
      };
    case 'resource': {
      const { resource } = block;
      const what: JsonObject = { type: 'resource', uri: label(resource.uri) };
      if (resource.mimeType !== undefined) what.mime_type = label(resource.mimeType);
      return 'text' in resource
        ? { ...what, text: take(resource.text) }
        : { ...what, bytes: bytesOf(resource.blob) };
    }
    default:
      return { type: 'unknown' };
  }
}

function bytesOf(base64: string): number {
  return Buffer.byteLength(base64, 'base64');
}

/** Servers repeat structured results as text, for clients that know only that. */
function withoutEcho(content: readonly Block[], structured: unknown): readonly Block[] {
  if (structured === undefined) return content;
  const text = JSON.stringify(structured);
  return content.filter((block) => block.type !== 'text' || compact(block.text) !== text);
}

function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function hidden(value: JsonValue, hide: (text: string) => string): JsonValue {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value)) return value.map((item) => hidden(item, hide));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [hide(key), hidden(member, hide)]),
    );
  }
  return value;
}
