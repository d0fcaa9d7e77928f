import { A_MODEL } from '../../../../test/support/agent/fake-model-client.js';
import type { ModelRequest } from '../../providers/index.js';
import { type AnswerCacheUse, placeOf } from './answer-place.js';

const USE: AnswerCacheUse = {
  agent: 'default',
  prompt: { name: 'default', version: 1 },
  userId: 'ada',
  ttlMs: 1_000,
  isShared: false,
  isPersonal: false,
  instructions: 'Be brief.',
  system: 'Be brief.',
};
const QUESTION = { role: 'user', parts: [{ type: 'text', text: 'Why?' }] } as const;
const REQUEST: ModelRequest = {
  model: A_MODEL,
  system: 'Be brief.',
  messages: [QUESTION],
  tools: [{ name: 'echo', description: 'Echoes.', inputSchema: { type: 'object', properties: {} } }],
  maxOutputTokens: 100,
  temperature: 0.5,
};
const key = (use: Partial<AnswerCacheUse> = {}, request: Partial<ModelRequest> = {}): string =>
  placeOf({ ...USE, ...use }, { ...REQUEST, ...request }).key;

describe(placeOf.name, () => {
  it('is the same for the same request, whatever the order of members', () => {
    const tools = [{ inputSchema: { properties: {}, type: 'object' }, name: 'echo', description: 'Echoes.' }];
    expect(key({}, { tools })).toBe(key());
    expect(key()).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Partial<AnswerCacheUse>, Partial<ModelRequest>]>([
    ['user', { userId: 'bob' }, {}],
    ['agent', { agent: 'other' }, {}],
    ['prompt', { prompt: { name: 'default', version: 2 } }, {}],
    ['prompt or none', { prompt: null }, {}],
    ['model', {}, { model: { ...A_MODEL, id: 'other' } }],
    ['vendor’s model', {}, { model: { ...A_MODEL, vendorModel: 'other' } }],
    ['system prompt', {}, { system: 'Be long.' }],
    ['message', {}, { messages: [{ role: 'user', parts: [{ type: 'text', text: 'why?' }] }] }],
    ['history', {}, { messages: [QUESTION, { role: 'assistant', parts: [] }, QUESTION] }],
    ['tools', {}, { tools: [] }],
    ['tool’s definition', {}, { tools: [{ ...REQUEST.tools[0]!, description: 'Repeats.' }] }],
    ['length', {}, { maxOutputTokens: 101 }],
    ['temperature', {}, { temperature: 0.6 }],
  ])('is another for another %s', (_, use, request) => {
    expect(key(use, request)).not.toBe(key());
  });

  it('is shared only when the agent is, and nothing of a user is in the request', () => {
    const isShared = (use: Partial<AnswerCacheUse>, request: Partial<ModelRequest> = {}): boolean =>
      placeOf({ ...USE, ...use }, { ...REQUEST, ...request }).isShared;
    expect(isShared({})).toBe(false);
    expect(isShared({ isShared: true })).toBe(true);
    expect(isShared({ isShared: true }, { messages: [QUESTION, QUESTION] })).toBe(false);
    expect(isShared({ isShared: true }, { system: 'Be brief. The user likes cats.' })).toBe(false);
    expect(key({ isShared: true, userId: 'bob' })).toBe(key({ isShared: true }));
    expect(key({ isShared: true }, { messages: [QUESTION, QUESTION] })).toBe(
      key({}, { messages: [QUESTION, QUESTION] }),
    );
  });
});
