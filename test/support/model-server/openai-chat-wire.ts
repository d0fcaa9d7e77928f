import { argumentsText, DEFAULT_USAGE, pieces, type ScriptedReply } from './scripted-reply.js';
import {
  asArray,
  isJson,
  isObject,
  type JsonBody,
  type Refusal,
  type Wire,
  type WireEvent,
  type WireRequest,
} from './wire.js';

/** OpenAI's reasoning models, which refuse `max_tokens` and any temperature but 1. */
export const OPENAI_REASONING_MODEL = /^(o\d|gpt-5)/;

/**
 * Chat Completions: `/v1/chat/completions` and `/chat/completions` as OpenAI and its many copies serve them, and Azure's
 * `/openai/deployments/{deployment}/chat/completions?api-version=`.
 */
export const openAiChatWire: Wire = {
  name: 'openai-chat',
  matches: (path) => path.endsWith('/chat/completions'),
  validate(request) {
    const { body } = request;
    if (isAzure(request)) {
      if (!request.headers['api-key'] && !request.headers.authorization)
        return { status: 401, message: 'Access denied' };
      if (!request.query.get('api-version')) return { status: 404, message: 'Resource not found' };
    } else if (typeof body.model !== 'string' || body.model === '')
      return refuse('you must provide a model parameter');
    if (OPENAI_REASONING_MODEL.test(String(body.model))) {
      if (body.max_tokens !== undefined) return refuse("Unsupported parameter: 'max_tokens' with this model");
      if (body.temperature !== undefined && body.temperature !== 1)
        return refuse("Unsupported value: 'temperature'");
    }
    if (body.max_tokens !== undefined && body.max_completion_tokens !== undefined)
      return refuse('max_tokens and max_completion_tokens');
    if (body.stream_options !== undefined && body.stream !== true)
      return refuse('stream_options needs stream');
    return checkTools(body) ?? checkMessages(asArray(body.messages));
  },
  stream(reply, request) {
    const quirks = reply.quirks ?? {};
    const events: WireEvent[] = [];
    const chunk = (choices: readonly JsonBody[], extra: JsonBody = {}): void => {
      events.push({
        data: { ...envelope(request.body.model), object: 'chat.completion.chunk', choices, ...extra },
      });
    };
    const delta = (content: JsonBody): void => chunk([{ index: 0, delta: content, finish_reason: null }]);
    if (isAzure(request))
      events.push({
        data: {
          id: '',
          object: '',
          created: 0,
          model: '',
          choices: [],
          prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
        },
      });
    delta({ role: 'assistant', content: '' });
    for (const piece of pieces(reply.reasoning ?? '', reply.chunkSize))
      delta({ [quirks.reasoningField ?? 'reasoning_content']: piece });
    for (const piece of pieces(reply.text ?? '', reply.chunkSize)) delta({ content: piece });
    for (const call of toolCallDeltas(reply)) delta({ tool_calls: [call] });
    if (reply.finish !== null) {
      const withUsage = quirks.usageWithFinish && reply.usage !== null ? { usage: usageOf(reply) } : {};
      chunk([{ index: 0, delta: {}, finish_reason: finishOf(reply) }], withUsage);
      const asked =
        isObject(request.body.stream_options) && request.body.stream_options.include_usage === true;
      if (asked && reply.usage !== null && !quirks.usageWithFinish) chunk([], { usage: usageOf(reply) });
      if (!reply.omitDone) events.push({ data: '[DONE]' });
    }
    return events;
  },
  json(reply, { body }) {
    const calls = (reply.toolCalls ?? []).map((call, at) => ({
      id: call.id ?? `call_${at + 1}`,
      type: 'function',
      function: { name: call.name, arguments: argumentsText(call) },
    }));
    const message = {
      role: 'assistant',
      content: reply.text ?? null,
      refusal: null,
      ...(reply.reasoning === undefined
        ? {}
        : { [reply.quirks?.reasoningField ?? 'reasoning_content']: reply.reasoning }),
      ...(calls.length ? { tool_calls: calls } : {}),
    };
    return {
      ...envelope(body.model),
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finishOf(reply), logprobs: null }],
      ...(reply.usage === null ? {} : { usage: usageOf(reply) }),
    };
  },
  errorBody: (status, message) => ({
    error: {
      message,
      type: status >= 500 ? 'server_error' : 'invalid_request_error',
      param: null,
      code: status === 429 ? 'rate_limit_exceeded' : null,
    },
  }),
  errorEvent: (type, code) => ({
    data: { error: { message: 'scripted error', type, param: null, code: code ?? null } },
  }),
  ping: () => undefined,
};

function isAzure({ path }: WireRequest): boolean {
  return /^\/openai\/deployments\/[^/]+\//.test(path);
}

function envelope(model: unknown): JsonBody {
  return {
    id: 'chatcmpl-1',
    created: 1_764_000_000,
    model: model ?? 'deployed-model',
    system_fingerprint: 'fp_1',
  };
}

function finishOf(reply: ScriptedReply): string {
  return reply.finish ?? (reply.toolCalls?.length ? 'tool_calls' : 'stop');
}

function usageOf(reply: ScriptedReply): JsonBody {
  const usage = reply.usage ?? DEFAULT_USAGE;
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    ...(usage.cacheRead === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cacheRead } }),
    ...(usage.reasoning === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  };
}

function toolCallDeltas(reply: ScriptedReply): JsonBody[] {
  const quirks = reply.quirks ?? {};
  const perCall = (reply.toolCalls ?? []).map((call, at) => {
    const index = quirks.omitIndex ? {} : { index: at };
    const id = quirks.omitId ? {} : { id: call.id ?? `call_${at + 1}` };
    const text = argumentsText(call);
    if (quirks.toolCalls === 'whole')
      return [{ ...index, ...id, type: 'function', function: { name: call.name, arguments: text } }];
    const identity = quirks.repeatIdentity ? { ...id, type: 'function' } : {};
    const name = quirks.repeatIdentity ? { name: call.name } : {};
    return [
      { ...index, ...id, type: 'function', function: { name: call.name, arguments: '' } },
      ...pieces(text, reply.chunkSize).map((piece) => ({
        ...index,
        ...identity,
        function: { ...name, arguments: piece },
      })),
    ];
  });
  if (quirks.toolCalls !== 'interleaved') return perCall.flat();
  const longest = Math.max(0, ...perCall.map((call) => call.length));
  return Array.from({ length: longest }, (_, at) => perCall.flatMap((call) => call.slice(at, at + 1))).flat();
}

function refuse(message: string): Refusal {
  return { message };
}

function checkTools(body: JsonBody): Refusal | undefined {
  if (body.tools === undefined)
    return body.tool_choice === undefined ? undefined : refuse('tool_choice is only allowed with tools');
  const tools = asArray(body.tools);
  if (!tools?.length) return refuse("[] is too short - 'tools'");
  for (const tool of tools) {
    if (!isObject(tool) || tool.type !== 'function' || !isObject(tool.function)) return refuse('tools: type');
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(String(tool.function.name))) return refuse('tools: function.name');
    if (!isObject(tool.function.parameters) || tool.function.parameters.type !== 'object')
      return refuse('tools: parameters');
  }
  return undefined;
}

function checkMessages(messages: readonly unknown[] | undefined): Refusal | undefined {
  if (!messages?.length) return refuse("[] is too short - 'messages'");
  let pending: readonly string[] = [];
  const ids = new Set<string>();
  for (const [at, message] of messages.entries()) {
    const where = `messages.[${at}]`;
    if (!isObject(message)) return refuse(`${where}: must be an object`);
    if (message.role === 'tool') {
      const id = String(message.tool_call_id);
      if (!pending.includes(id))
        return refuse(`${where}: role 'tool' must be a response to a preceding message with 'tool_calls'`);
      if (typeof message.content !== 'string') return refuse(`${where}: content`);
      pending = pending.filter((waiting) => waiting !== id);
      continue;
    }
    if (pending.length) return refuse(`${where}: tool_call_ids without response messages: ${pending.join()}`);
    const fault = checkMessage(message);
    if (fault) return refuse(`${where}: ${fault}`);
    pending = (asArray(message.tool_calls) ?? []).filter(isObject).map((call) => String(call.id));
    for (const id of pending) {
      if (ids.has(id)) return refuse(`${where}: duplicate tool_call id`);
      ids.add(id);
    }
  }
  return pending.length ? refuse('tool_calls without response messages') : undefined;
}

function checkMessage(message: JsonBody): string | undefined {
  switch (message.role) {
    case 'system':
    case 'developer':
      return isContent(message.content, ['text']) ? undefined : 'content';
    case 'user':
      return isContent(message.content, ['text', 'image_url']) ? undefined : 'content';
    case 'assistant': {
      const calls = asArray(message.tool_calls);
      if (message.tool_calls !== undefined && !calls?.length) return "[] is too short - 'tool_calls'";
      if (calls && !calls.every(isToolCall)) return 'tool_calls';
      if (message.content === null || message.content === undefined)
        return calls ? undefined : 'content or tool_calls is needed';
      return isContent(message.content, ['text', 'refusal']) ? undefined : 'content';
    }
    default:
      return `unknown role ${String(message.role)}`;
  }
}

function isToolCall(call: unknown): boolean {
  if (!isObject(call) || call.type !== 'function' || !isObject(call.function)) return false;
  const text = call.function.arguments;
  const isId = typeof call.id === 'string' && call.id !== '' && call.id.length <= 64;
  // Servers that render a chat template parse the arguments of old calls again.
  return (
    isId &&
    /^[a-zA-Z0-9_-]{1,64}$/.test(String(call.function.name)) &&
    typeof text === 'string' &&
    isJson(text)
  );
}

function isContent(content: unknown, types: readonly string[]): boolean {
  if (typeof content === 'string') return content !== '';
  const parts = asArray(content);
  return (
    !!parts?.length &&
    parts.every((part) => {
      if (!isObject(part) || !types.includes(String(part.type))) return false;
      if (part.type === 'text') return typeof part.text === 'string' && part.text !== '';
      if (part.type === 'image_url')
        return isObject(part.image_url) && /^(https?:|data:image\/)/.test(String(part.image_url.url));
      return true;
    })
  );
}
