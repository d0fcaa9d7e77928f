import { argumentsText, DEFAULT_USAGE, pieces, type ScriptedReply } from './scripted-reply.js';
import { asArray, isJson, isObject, type JsonBody, type Refusal, type Wire, type WireEvent } from './wire.js';

const FINISH: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Anthropic Messages: `POST /v1/messages`. */
export const anthropicWire: Wire = {
  name: 'anthropic',
  matches: (path) => path === '/v1/messages',
  validate({ headers, body }) {
    if (!headers['x-api-key'] && !headers.authorization)
      return { status: 401, message: 'x-api-key header is required' };
    if (!headers['anthropic-version']) return refuse('anthropic-version: header is required');
    if (typeof body.model !== 'string' || body.model === '') return refuse('model: Field required');
    if (!Number.isInteger(body.max_tokens) || Number(body.max_tokens) < 1)
      return refuse('max_tokens: Field required');
    if (body.temperature !== undefined && !(Number(body.temperature) >= 0 && Number(body.temperature) <= 1)) {
      return refuse('temperature: range: 0..1');
    }
    if (body.system !== undefined && body.system !== null && isEmptyText(body.system)) {
      return refuse('system: text content blocks must be non-empty');
    }
    return checkTools(body) ?? checkMessages(asArray(body.messages), body.tools !== undefined);
  },
  stream(reply, { body }) {
    const events: WireEvent[] = [];
    const push = (data: JsonBody): void => void events.push({ event: String(data.type), data });
    push({ type: 'message_start', message: { ...envelope(body.model), ...startUsage(reply) } });
    let index = 0;
    const block = (start: JsonBody, deltas: readonly JsonBody[]): void => {
      push({ type: 'content_block_start', index, content_block: start });
      for (const delta of deltas) push({ type: 'content_block_delta', index, delta });
      push({ type: 'content_block_stop', index: index++ });
    };
    if (reply.reasoning !== undefined) {
      const deltas: JsonBody[] = pieces(reply.reasoning, reply.chunkSize).map((thinking) => ({
        type: 'thinking_delta',
        thinking,
      }));
      if (reply.reasoningSignature !== null)
        deltas.push({ type: 'signature_delta', signature: reply.reasoningSignature ?? 'sig-1' });
      block({ type: 'thinking', thinking: '', signature: '' }, deltas);
    }
    if (reply.redactedReasoning !== undefined)
      block({ type: 'redacted_thinking', data: reply.redactedReasoning }, []);
    if (reply.text) {
      block(
        { type: 'text', text: '' },
        pieces(reply.text, reply.chunkSize).map((text) => ({ type: 'text_delta', text })),
      );
    }
    for (const [at, call] of (reply.toolCalls ?? []).entries()) {
      const json = pieces(argumentsText(call), reply.chunkSize).map((part) => ({
        type: 'input_json_delta',
        partial_json: part,
      }));
      block({ type: 'tool_use', id: call.id ?? `toolu_${at + 1}`, name: call.name, input: {} }, json);
    }
    if (reply.finish === null) return events;
    const usage = reply.usage === null ? {} : { usage: endUsage(reply) };
    push({ type: 'message_delta', delta: { stop_reason: finishOf(reply), stop_sequence: null }, ...usage });
    push({ type: 'message_stop' });
    return events;
  },
  json(reply, { body }) {
    const content: JsonBody[] = [];
    if (reply.reasoning !== undefined) {
      content.push({
        type: 'thinking',
        thinking: reply.reasoning,
        signature: reply.reasoningSignature ?? 'sig-1',
      });
    }
    if (reply.redactedReasoning !== undefined)
      content.push({ type: 'redacted_thinking', data: reply.redactedReasoning });
    if (reply.text) content.push({ type: 'text', text: reply.text });
    for (const [at, call] of (reply.toolCalls ?? []).entries()) {
      const text = argumentsText(call);
      const input: unknown = isJson(text) ? JSON.parse(text) : {};
      content.push({ type: 'tool_use', id: call.id ?? `toolu_${at + 1}`, name: call.name, input });
    }
    const usage = reply.usage === null ? {} : { usage: { ...inputUsage(reply), ...endUsage(reply) } };
    return { ...envelope(body.model), content, stop_reason: finishOf(reply), ...usage };
  },
  errorBody: (status, message) => ({
    type: 'error',
    error: { type: ERROR_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error'), message },
    request_id: 'req_scripted',
  }),
  errorEvent: (type) => ({
    event: 'error',
    data: { type: 'error', error: { type, message: 'scripted error' } },
  }),
  ping: () => ({ event: 'ping', data: { type: 'ping' } }),
};

function envelope(model: unknown): JsonBody {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function finishOf(reply: ScriptedReply): string {
  const word = reply.finish ?? (reply.toolCalls?.length ? 'tool_calls' : 'stop');
  return FINISH[word] ?? word;
}

function inputUsage(reply: ScriptedReply): JsonBody {
  const usage = reply.usage ?? DEFAULT_USAGE;
  return {
    input_tokens: usage.input - (usage.cacheRead ?? 0) - (usage.cacheWrite ?? 0),
    cache_read_input_tokens: usage.cacheRead ?? 0,
    cache_creation_input_tokens: usage.cacheWrite ?? 0,
  };
}

function startUsage(reply: ScriptedReply): JsonBody {
  if (reply.usage === null) return {};
  return {
    usage: { ...inputUsage(reply), output_tokens: Math.min(1, (reply.usage ?? DEFAULT_USAGE).output) },
  };
}

function endUsage(reply: ScriptedReply): JsonBody {
  const usage = reply.usage ?? DEFAULT_USAGE;
  return {
    output_tokens: usage.output,
    ...(usage.reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } }),
  };
}

function refuse(message: string): Refusal {
  return { message };
}

function isEmptyText(content: unknown): boolean {
  if (typeof content === 'string') return content.trim() === '';
  const blocks = asArray(content);
  return (
    !blocks ||
    blocks.some((block) => !isObject(block) || typeof block.text !== 'string' || block.text.trim() === '')
  );
}

function checkTools(body: JsonBody): Refusal | undefined {
  if (body.tools === undefined)
    return body.tool_choice === undefined ? undefined : refuse('tool_choice: needs tools');
  for (const tool of asArray(body.tools) ?? [undefined]) {
    if (!isObject(tool) || !/^[a-zA-Z0-9_-]{1,128}$/.test(String(tool.name)))
      return refuse('tools: invalid name');
    if (!isObject(tool.input_schema) || tool.input_schema.type !== 'object')
      return refuse('tools: input_schema.type');
  }
  return undefined;
}

function checkMessages(messages: readonly unknown[] | undefined, hasTools: boolean): Refusal | undefined {
  if (!messages?.length) return refuse('messages: at least one message is required');
  let pending: readonly string[] = [];
  const ids = new Set<string>();
  for (const [at, message] of messages.entries()) {
    const where = `messages.${at}`;
    if (!isObject(message)) return refuse(`${where}: must be an object`);
    const expected = at % 2 === 0 ? 'user' : 'assistant';
    if (message.role !== expected) return refuse(`${where}: roles must alternate, expected ${expected}`);
    const blocks =
      typeof message.content === 'string'
        ? [{ type: 'text', text: message.content }]
        : asArray(message.content);
    if (!blocks?.length) return refuse(`${where}: content must be non-empty`);
    const fault = blocks.map((block) => checkBlock(block, expected)).find((found) => found !== undefined);
    if (fault) return refuse(`${where}: ${fault}`);
    const objects = blocks.filter(isObject);
    const last = String(objects.at(-1)?.type);
    if (last.endsWith('thinking')) return refuse(`${where}: the final block cannot be ${last}`);
    if (!hasTools && objects.some((block) => String(block.type).startsWith('tool_')))
      return refuse('tools: Field required');
    const answered = objects
      .filter((block) => block.type === 'tool_result')
      .map((block) => String(block.tool_use_id));
    if (answered.join() !== [...new Set(answered)].join()) return refuse(`${where}: repeated tool_result`);
    const missing = pending.find((id) => !answered.includes(id));
    if (missing) return refuse(`${where}: tool_use id without tool_result immediately after: ${missing}`);
    const unknown = answered.find((id) => !pending.includes(id));
    if (unknown) return refuse(`${where}: unexpected tool_use_id in tool_result: ${unknown}`);
    const lastResult = objects.findLastIndex((block) => block.type === 'tool_result');
    if (lastResult >= answered.length) return refuse(`${where}: tool_result blocks must come first`);
    pending = objects.filter((block) => block.type === 'tool_use').map((block) => String(block.id));
    for (const id of pending) {
      if (ids.has(id)) return refuse(`${where}: tool_use ids must be unique`);
      ids.add(id);
    }
  }
  return pending.length ? refuse('messages: tool_use without tool_result') : undefined;
}

function checkBlock(block: unknown, role: string): string | undefined {
  if (!isObject(block)) return 'block must be an object';
  switch (block.type) {
    case 'text':
      return typeof block.text === 'string' && block.text.trim() !== ''
        ? undefined
        : 'text content blocks must be non-empty';
    case 'image':
      return role === 'user' && isObject(block.source) && isImageSource(block.source)
        ? undefined
        : 'invalid image';
    case 'tool_result':
      return role === 'user' && typeof block.tool_use_id === 'string' && isResultContent(block.content)
        ? undefined
        : 'invalid tool_result';
    case 'tool_use':
      return role === 'assistant' &&
        /^[a-zA-Z0-9_-]+$/.test(String(block.id)) &&
        /^[a-zA-Z0-9_-]{1,200}$/.test(String(block.name)) &&
        isObject(block.input)
        ? undefined
        : 'invalid tool_use';
    case 'thinking':
      return role === 'assistant' &&
        typeof block.thinking === 'string' &&
        typeof block.signature === 'string' &&
        block.signature !== ''
        ? undefined
        : 'invalid thinking: signature is required';
    case 'redacted_thinking':
      return role === 'assistant' && typeof block.data === 'string' && block.data !== ''
        ? undefined
        : 'invalid redacted_thinking';
    default:
      return `unknown block type ${String(block.type)}`;
  }
}

function isImageSource(source: JsonBody): boolean {
  if (source.type === 'url') return /^https?:/.test(String(source.url));
  return (
    source.type === 'base64' &&
    /^image\//.test(String(source.media_type)) &&
    typeof source.data === 'string' &&
    source.data !== ''
  );
}

function isResultContent(content: unknown): boolean {
  if (content === undefined || typeof content === 'string') return true;
  const blocks = asArray(content);
  return !!blocks?.length && blocks.every((block) => checkBlock(block, 'user') === undefined);
}
