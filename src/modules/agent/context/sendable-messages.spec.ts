import type { Message } from '../../../shared/llm/message.js';
import type { ModelInfo } from '../../providers/index.js';
import { toSendableMessages } from './sendable-messages.js';

const SEEING = { capabilities: { images: true } } as unknown as ModelInfo;
const BLIND = { capabilities: { images: false } } as unknown as ModelInfo;

const call = (id: string): Message => ({
  role: 'assistant',
  parts: [{ type: 'tool-call', toolCallId: id, toolName: 'look', input: {} }],
});
const result = (id: string): Message => ({
  role: 'tool',
  parts: [
    { type: 'tool-result', toolCallId: id, toolName: 'look', result: 1, isError: false, durationMs: 0 },
  ],
});
const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

describe(toSendableMessages.name, () => {
  it('makes one message of user messages that follow each other', () => {
    const sendable = toSendableMessages([user('a'), user('b'), user('c')], SEEING);
    expect(sendable).toEqual([
      { role: 'user', parts: ['a', 'b', 'c'].map((text) => ({ type: 'text', text })) },
    ]);
  });

  it('gives the same objects for the same messages', () => {
    const messages = [user('a'), user('b'), call('x'), result('x')];
    expect(toSendableMessages(messages, SEEING)[0]).toBe(toSendableMessages(messages, SEEING)[0]);
  });

  it('gives a call whose id is taken one of its own, and its result with it', () => {
    const sendable = toSendableMessages(
      [user('a'), call('call_1'), result('call_1'), call('call_1'), result('call_1')],
      SEEING,
    );
    expect(sendable.slice(1).map(({ parts }) => parts[0])).toMatchObject([
      { toolCallId: 'call_1' },
      { toolCallId: 'call_1' },
      { toolCallId: 'call_1_2' },
      { toolCallId: 'call_1_2' },
    ]);
  });

  it('tells a model that cannot see that there was an image', () => {
    const image: Message = {
      role: 'user',
      parts: [{ type: 'image', mediaType: 'image/png', base64: 'AA==' }],
    };
    expect(toSendableMessages([image], SEEING)).toEqual([image]);
    expect(toSendableMessages([image], BLIND)[0]!.parts[0]).toMatchObject({ type: 'text' });
  });
});
