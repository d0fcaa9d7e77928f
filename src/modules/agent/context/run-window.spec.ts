import type { Message } from '../../../shared/llm/message.js';
import type { ModelInfo } from '../../providers/index.js';
import { RunWindow } from './run-window.js';

const MODEL: ModelInfo = {
  id: 'm',
  provider: 'openai',
  vendorModel: 'm',
  connection: {},
  capabilities: { tools: true, images: true, reasoning: false, temperature: true, api: 'chat' },
};

function user(text: string): Message {
  return { role: 'user', parts: [{ type: 'text', text }] };
}

function assistant(text: string): Message {
  return { role: 'assistant', parts: [{ type: 'text', text }] };
}

/** An assistant message with one call, and its result of `words` words. */
function step(id: string, words: number): Message[] {
  return [
    { role: 'assistant', parts: [{ type: 'tool-call', toolCallId: id, toolName: 'look', input: { id } }] },
    {
      role: 'tool',
      parts: [
        {
          type: 'tool-result',
          toolCallId: id,
          toolName: 'look',
          result: { text: 'word '.repeat(words) },
          isError: false,
          durationMs: 1,
        },
      ],
    },
  ];
}

function windowFor(context: readonly Message[], contextWindow = 2_000): RunWindow {
  return new RunWindow({
    model: { ...MODEL, contextWindow },
    system: '',
    maxOutputTokens: 200,
    contextLength: context.length,
  });
}

const CONTEXT = [user('first'), assistant('one'), user('second'), assistant('two'), user('and now?')];

describe(RunWindow.name, () => {
  it('changes nothing while everything fits', () => {
    const messages = [...CONTEXT, ...step('a', 10)];
    expect(windowFor(CONTEXT).fit(messages, [])).toEqual(messages);
  });

  it('shortens older results of the run first, and says how many', () => {
    const window = windowFor(CONTEXT);
    const fitted = window.fit([...CONTEXT, ...step('a', 1_000), ...step('b', 900)], []);
    expect(fitted).toHaveLength(CONTEXT.length + 4);
    expect(JSON.stringify(fitted[6])).toContain('omitted_characters');
    expect(JSON.stringify(fitted[8])).not.toContain('omitted_characters');
    expect(window).toMatchObject({ shortenedResults: 1, leftOutMessages: 0 });
  });

  it('keeps what stands before the history longer than the history, and says when it is gone', () => {
    const head = user('pinned '.repeat(50));
    const context = [head, ...CONTEXT];
    const window = new RunWindow({
      model: { ...MODEL, contextWindow: 2_000 },
      system: '',
      maxOutputTokens: 200,
      contextLength: context.length,
      headLength: 1,
    });
    const long = [head, user('word '.repeat(700)), ...CONTEXT.slice(1)];
    expect(window.fit([...long, ...step('a', 900)], [])[0]!.parts[0]).toEqual(head.parts[0]);
    expect(window).toMatchObject({ isHeadLeftOut: false });
    const many = Array.from({ length: 30 }, (_, index) => step(`s${index}`, 100)).flat();
    expect(JSON.stringify(window.fit([...long, ...many], []))).not.toContain('pinned');
    expect(window).toMatchObject({ isHeadLeftOut: true });
  });

  it('then leaves out history, older half first, and keeps the message of the user', () => {
    const long = [
      user('word '.repeat(700)),
      assistant('one'),
      user('word '.repeat(300)),
      ...CONTEXT.slice(3),
    ];
    const window = windowFor(long);
    const fitted = window.fit([...long, ...step('a', 900)], []);
    expect(fitted[0]).toEqual(long[2]);
    expect(window.leftOutMessages).toBe(2);
    expect(fitted).toContainEqual(CONTEXT[4]);
  });

  it('at last leaves out whole steps of the run, never a call without its result', () => {
    const context = [user('go on for long')];
    const window = windowFor(context, 900);
    const messages = [...context, ...Array.from({ length: 30 }, (_, index) => step(`c${index}`, 200)).flat()];
    const fitted = window.fit(messages, []);
    expect(fitted[0]).toEqual(context[0]);
    expect(fitted[1]!.role).toBe('assistant');
    expect(fitted.length).toBeLessThan(messages.length);
    expect(fitted.at(-2)!.parts[0]).toMatchObject({ toolCallId: 'c29' });
  });

  it('does not take back what it gave up, so that the next request begins like the last', () => {
    const window = windowFor(CONTEXT);
    const messages = [...CONTEXT, ...step('a', 1_000), ...step('b', 900)];
    const first = window.fit(messages, []);
    const second = window.fit([...messages, ...step('c', 1)], []);
    expect(second.slice(0, 7)).toEqual(first.slice(0, 7));
  });

  it('refuses what cannot be sent in any way', () => {
    const context = [user('word '.repeat(2_000))];
    expect(() => windowFor(context).fit(context, [])).toThrow(
      expect.objectContaining({ code: 'validation_failed' }),
    );
  });
});
