import type { ApiClient } from './perch/api-client.js';

/** A message as `GET /agent/conversations/{session_id}` returns it. */
export interface ReadMessage {
  readonly message_id: string;
  readonly seq: number;
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly parts: readonly {
    readonly type: 'text' | 'image' | 'reasoning' | 'tool-call' | 'tool-result';
    readonly text?: string;
    readonly tool_call_id?: string;
    readonly tool_name?: string;
    readonly input?: unknown;
    readonly result?: unknown;
    readonly is_error?: boolean;
  }[];
  readonly status: 'complete' | 'incomplete';
  readonly run_id: string | null;
}

/** All messages of a conversation, oldest first. */
export async function readMessages(client: ApiClient, sessionId: string): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  for (;;) {
    const before = messages[0] ? `&before=${messages[0].seq}` : '';
    const response = await client.get(`/api/v1/agent/conversations/${sessionId}?limit=200${before}`);
    if (response.status !== 200) throw new Error(`conversation: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as { messages: ReadMessage[]; has_more: boolean };
    messages.unshift(...page.messages);
    if (!page.has_more) return messages;
  }
}

/**
 * What holds of every conversation in which nothing is going on, whatever died while it was written. Fails with all that
 * is wrong and with the conversation in short.
 */
export function expectValidConversation(messages: readonly ReadMessage[]): void {
  const faults = [
    ...faultsOfPlaces(messages),
    ...messages.flatMap((message, index) => faultsOfCalls(message, messages[index + 1])),
    ...messages.flatMap((message, index) => faultsOfResults(message, messages[index - 1])),
    ...faultsOfTurns(messages),
  ];
  if (faults.length > 0) {
    const short = messages.map(
      ({ seq, role, run_id: runId, content }) => `  ${seq} ${role} ${runId} ${content}`,
    );
    throw new Error(`The conversation is not valid:\n${faults.join('\n')}\n\n${short.join('\n')}`);
  }
}

function faultsOfPlaces(messages: readonly ReadMessage[]): string[] {
  const faults: string[] = [];
  if (messages.length > 0 && messages[0]!.role !== 'user') faults.push('It does not begin with the user.');
  messages.forEach(({ seq }, index) => {
    if (seq !== index + 1) faults.push(`Message ${index + 1} has seq ${seq}.`);
  });
  const ids = new Set(messages.map((message) => message.message_id));
  if (ids.size !== messages.length) faults.push('Two messages have the same id.');
  return faults;
}

/** Every call is answered in the next message: once each, in their order. */
function faultsOfCalls(message: ReadMessage, next: ReadMessage | undefined): string[] {
  if (message.role !== 'assistant') return [];
  const calls = idsOf(message, 'tool-call');
  if (calls.length === 0) return [];
  if (new Set(calls).size !== calls.length) return [`Message ${message.seq} has two calls with one id.`];
  const results = next?.role === 'tool' ? idsOf(next, 'tool-result') : [];
  if (calls.join() === results.join()) return [];
  return [`Message ${message.seq} calls [${calls.join()}] and is answered [${results.join()}].`];
}

function faultsOfResults(message: ReadMessage, previous: ReadMessage | undefined): string[] {
  if (message.role !== 'tool') return [];
  const isAnswer = previous?.role === 'assistant' && idsOf(previous, 'tool-call').length > 0;
  return isAnswer ? [] : [`Message ${message.seq} has results of no call.`];
}

/** A run's messages stand together, and begin with the only user message among them. */
function faultsOfTurns(messages: readonly ReadMessage[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  messages.forEach(({ seq, role, run_id: runId }, index) => {
    const isFirst = index === 0 || messages[index - 1]!.run_id !== runId;
    if (runId === null) return;
    if (isFirst && seen.has(runId))
      faults.push(`Message ${seq} belongs to a run that another has interrupted.`);
    else if (isFirst !== (role === 'user'))
      faults.push(
        isFirst
          ? `Message ${seq} begins a run without its user.`
          : `Message ${seq}: a second user message in one run.`,
      );
    seen.add(runId);
  });
  return faults;
}

function idsOf(message: ReadMessage, type: 'tool-call' | 'tool-result'): (string | undefined)[] {
  return message.parts.filter((part) => part.type === type).map((part) => part.tool_call_id);
}
