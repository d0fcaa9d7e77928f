import type { ToolCall } from '../../../shared/llm/tool-call.js';
import type { ProviderName } from '../provider-name.js';
import { ProviderError } from '../provider-error.js';
import { asObject, asText, type Payload } from '../wire/payload.js';
import { toToolCall } from '../wire/tool-call-input.js';

interface OpenCall {
  readonly index: number | undefined;
  id: string | undefined;
  name: string;
  argumentsText: string;
}

const MAX_CALLS = 1000;
/** Over all calls of an answer. */
const MAX_ARGUMENT_CHARACTERS = 4 * 1024 * 1024;

/**
 * Puts tool calls together from their pieces. OpenAI sends an index with each piece, the id and the name with the first;
 * pieces of several calls may alternate. Other servers leave the index out, give every call the index 0, repeat id and
 * name, send no id at all, or send a call in one piece: all of that is understood.
 */
export class ChatToolCalls {
  readonly #calls: OpenCall[] = [];
  #characters = 0;
  readonly #provider: ProviderName;
  readonly #newId: () => string;

  constructor(provider: ProviderName, newId: () => string) {
    this.#provider = provider;
    this.#newId = newId;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  add(piece: Payload): void {
    const fields = asObject(piece.function);
    const id = asText(piece.id);
    const name = asText(fields?.name);
    const call = this.#find(piece.index, id, name) ?? this.#open(piece.index);
    call.id ??= id;
    call.name ||= name ?? '';
    const text = argumentsOf(fields?.arguments);
    this.#characters += text.length;
    if (this.#characters > MAX_ARGUMENT_CHARACTERS) throw new ProviderError(this.#provider, 'bad-response');
    call.argumentsText += text;
  }

  /** All calls, in the order in which they began. Every id is there and unique. */
  take(): ToolCall[] {
    const ids = new Set<string>();
    return this.#calls.map(({ id, name, argumentsText }) => {
      const unique = id === undefined || ids.has(id) ? this.#newId() : id;
      ids.add(unique);
      return toToolCall(unique, name, argumentsText);
    });
  }

  #find(index: unknown, id: string | undefined, name: string | undefined): OpenCall | undefined {
    if (typeof index === 'number') {
      const call = this.#calls.findLast((candidate) => candidate.index === index);
      const isAnother = id !== undefined && name !== undefined && call?.id !== undefined && call.id !== id;
      return isAnother ? undefined : call;
    }
    if (id !== undefined) return this.#calls.find((candidate) => candidate.id === id);
    return name === undefined ? this.#calls.at(-1) : undefined;
  }

  #open(index: unknown): OpenCall {
    if (this.#calls.length >= MAX_CALLS) throw new ProviderError(this.#provider, 'bad-response');
    const call: OpenCall = {
      index: typeof index === 'number' ? index : undefined,
      id: undefined,
      name: '',
      argumentsText: '',
    };
    this.#calls.push(call);
    return call;
  }
}

function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return asObject(value) ? JSON.stringify(value) : '';
}
