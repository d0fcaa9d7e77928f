import { OPENAI_REASONING_MODEL } from './openai-chat-wire.js';
import { argumentsText, DEFAULT_USAGE, pieces, type ScriptedReply } from './scripted-reply.js';
import { asArray, isObject, type JsonBody, type Refusal, type Wire, type WireEvent } from './wire.js';

/** OpenAI Responses: `/v1/responses` and `/responses`. */
export const openAiResponsesWire: Wire = {
  name: 'openai-responses',
  matches: (path) => path.endsWith('/responses'),
  validate({ headers, body }) {
    if (!headers.authorization && !headers['api-key'])
      return { status: 401, message: 'You did not provide an API key' };
    if (typeof body.model !== 'string' || body.model === '')
      return refuse("Missing required parameter: 'model'");
    if (body.temperature !== undefined && OPENAI_REASONING_MODEL.test(body.model))
      return refuse("Unsupported parameter: 'temperature'");
    if (body.max_output_tokens !== undefined && Number(body.max_output_tokens) < 16)
      return refuse('max_output_tokens: minimum 16');
    for (const tool of asArray(body.tools) ?? []) {
      if (!isObject(tool) || tool.type !== 'function' || !/^[a-zA-Z0-9_-]{1,64}$/.test(String(tool.name)))
        return refuse('tools');
      if (!isObject(tool.parameters) || tool.parameters.type !== 'object') return refuse('tools: parameters');
    }
    if (typeof body.input === 'string') return body.input === '' ? refuse('input') : undefined;
    return checkInput(asArray(body.input));
  },
  stream(reply, { body }) {
    const events: WireEvent[] = [];
    const push = (type: string, fields: JsonBody): void => {
      events.push({ event: type, data: { type, sequence_number: events.length, ...fields } });
    };
    const items = itemsOf(reply);
    push('response.created', { response: envelope(body.model, 'in_progress') });
    push('response.in_progress', { response: envelope(body.model, 'in_progress') });
    for (const [output_index, item] of items.entries()) {
      const at = { item_id: item.id, output_index };
      push('response.output_item.added', { output_index, item: opened(item) });
      if (item.type === 'reasoning' && reply.reasoning !== undefined) {
        push('response.reasoning_summary_part.added', {
          ...at,
          summary_index: 0,
          part: { type: 'summary_text', text: '' },
        });
        for (const delta of pieces(reply.reasoning, reply.chunkSize))
          push('response.reasoning_summary_text.delta', { ...at, summary_index: 0, delta });
        push('response.reasoning_summary_text.done', { ...at, summary_index: 0, text: reply.reasoning });
      } else if (item.type === 'message') {
        push('response.content_part.added', {
          ...at,
          content_index: 0,
          part: { type: 'output_text', text: '', annotations: [] },
        });
        for (const delta of pieces(reply.text ?? '', reply.chunkSize))
          push('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] });
        push('response.output_text.done', { ...at, content_index: 0, text: reply.text, logprobs: [] });
        push('response.content_part.done', {
          ...at,
          content_index: 0,
          part: { type: 'output_text', text: reply.text, annotations: [] },
        });
      } else if (item.type === 'function_call') {
        for (const delta of pieces(String(item.arguments), reply.chunkSize))
          push('response.function_call_arguments.delta', { ...at, delta });
        push('response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments });
      }
      push('response.output_item.done', { output_index, item });
    }
    if (reply.finish !== null) {
      const response = closed(reply, body.model, items);
      push(response.status === 'completed' ? 'response.completed' : 'response.incomplete', { response });
    }
    return events;
  },
  json: (reply, { body }) => closed(reply, body.model, itemsOf(reply)),
  errorBody: (status, message) => ({
    error: {
      message,
      type: status >= 500 ? 'server_error' : 'invalid_request_error',
      param: null,
      code: status === 429 ? 'rate_limit_exceeded' : null,
    },
  }),
  errorEvent: (type, code) => ({
    event: 'error',
    data: { type: 'error', sequence_number: 0, code: code ?? type, message: 'scripted error', param: null },
  }),
  ping: () => undefined,
};

function envelope(model: unknown, status: string): JsonBody {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_764_000_000,
    model,
    status,
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
  };
}

function closed(reply: ScriptedReply, model: unknown, output: readonly JsonBody[]): JsonBody {
  const finish = reply.finish ?? 'stop';
  const reason = finish === 'length' ? 'max_output_tokens' : finish;
  const isComplete = finish === 'stop' || finish === 'tool_calls';
  const usage = reply.usage ?? DEFAULT_USAGE;
  return {
    ...envelope(model, isComplete ? 'completed' : 'incomplete'),
    incomplete_details: isComplete ? null : { reason },
    output,
    ...(reply.usage === null
      ? {}
      : {
          usage: {
            input_tokens: usage.input,
            input_tokens_details: { cached_tokens: usage.cacheRead ?? 0 },
            output_tokens: usage.output,
            output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
            total_tokens: usage.input + usage.output,
          },
        }),
  };
}

function itemsOf(reply: ScriptedReply): JsonBody[] {
  const items: JsonBody[] = [];
  if (reply.reasoning !== undefined) {
    const encrypted =
      reply.reasoningSignature === null ? {} : { encrypted_content: reply.reasoningSignature ?? 'enc-1' };
    items.push({
      id: 'rs_1',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: reply.reasoning }],
      ...encrypted,
    });
  }
  if (reply.text) {
    items.push({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: reply.text, annotations: [] }],
    });
  }
  for (const [at, call] of (reply.toolCalls ?? []).entries()) {
    items.push({
      id: `fc_${at + 1}`,
      type: 'function_call',
      status: 'completed',
      call_id: call.id ?? `call_${at + 1}`,
      name: call.name,
      arguments: argumentsText(call),
    });
  }
  return items;
}

/** An item as it is announced: without what its deltas bring. */
function opened(item: JsonBody): JsonBody {
  if (item.type === 'reasoning') return { ...item, summary: [], encrypted_content: undefined };
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] };
  return { ...item, status: 'in_progress', arguments: '' };
}

function refuse(message: string): Refusal {
  return { message };
}

function checkInput(items: readonly unknown[] | undefined): Refusal | undefined {
  if (!items?.length) return refuse("Missing required parameter: 'input'");
  const called = new Set<string>();
  const answered = new Set<string>();
  for (const [at, item] of items.entries()) {
    const where = `input[${at}]`;
    if (!isObject(item)) return refuse(`${where}: must be an object`);
    if (item.type === 'function_call') {
      if (typeof item.call_id !== 'string' || item.call_id.length > 64 || typeof item.arguments !== 'string')
        return refuse(`${where}: function_call`);
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(String(item.name))) return refuse(`${where}: name`);
      called.add(item.call_id);
    } else if (item.type === 'function_call_output') {
      if (!called.has(String(item.call_id)))
        return refuse(`No tool call found for function call output with call_id ${String(item.call_id)}`);
      if (typeof item.output !== 'string') return refuse(`${where}: output`);
      answered.add(String(item.call_id));
    } else if (item.type === 'reasoning') {
      if (!asArray(item.summary) || typeof item.encrypted_content !== 'string')
        return refuse(`${where}: Item with id not found (store is false)`);
      const next = items[at + 1];
      const isFollowed =
        isObject(next) &&
        (next.type === 'function_call' || next.type === 'reasoning' || next.role === 'assistant');
      if (!isFollowed) return refuse(`${where}: reasoning was provided without its required following item`);
    } else {
      const fault = checkMessageItem(item);
      if (fault) return refuse(`${where}: ${fault}`);
    }
  }
  const open = [...called].find((id) => !answered.has(id));
  return open ? refuse(`No tool output found for function call ${open}`) : undefined;
}

function checkMessageItem(item: JsonBody): string | undefined {
  if (item.type !== undefined && item.type !== 'message') return 'unknown item type';
  if (typeof item.content === 'string') return item.content === '' ? 'content' : undefined;
  const allowed = item.role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image'];
  const parts = asArray(item.content);
  if (!parts?.length) return 'content';
  for (const part of parts) {
    if (!isObject(part) || !allowed.includes(String(part.type))) return 'content type';
    if ('text' in part && part.text === '') return 'empty text';
    if (part.type === 'input_image' && !/^(https?:|data:image\/)/.test(String(part.image_url)))
      return 'image_url';
  }
  return undefined;
}
