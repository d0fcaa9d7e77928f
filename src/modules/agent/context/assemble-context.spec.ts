import type { StoredMessage } from '../../conversation/index.js';
import type { ModelInfo } from '../../providers/index.js';
import { assembleContext, type ContextSources, planHistory } from './assemble-context.js';
import { messageTokens, sumTokens } from './count-messages.js';

const MODEL: ModelInfo = {
  id: 'm',
  provider: 'openai',
  vendorModel: 'm',
  connection: {},
  contextWindow: 4_000,
  capabilities: { tools: true, images: true, reasoning: false, temperature: true, api: 'chat' },
};

const said = (seq: number, role: 'user' | 'assistant', text: string): StoredMessage =>
  ({ seq, role, parts: [{ type: 'text', text }] }) as unknown as StoredMessage;

const result = (seq: number, characters: number): StoredMessage =>
  ({
    seq,
    role: 'tool',
    parts: [
      {
        type: 'tool-result',
        toolCallId: `c${seq}`,
        toolName: 'look',
        result: { text: 'word '.repeat(characters / 5) },
        isError: false,
        durationMs: 1,
      },
    ],
  }) as unknown as StoredMessage;

const call = (seq: number): StoredMessage =>
  ({
    seq,
    role: 'assistant',
    parts: [{ type: 'tool-call', toolCallId: `c${seq + 1}`, toolName: 'look', input: {} }],
  }) as unknown as StoredMessage;

function sources(more: Partial<ContextSources>): ContextSources {
  return {
    current: { role: 'user', parts: [{ type: 'text', text: 'And now?' }] },
    messageSeq: 100,
    recent: [],
    isCut: false,
    summary: undefined,
    pinned: [],
    memories: [],
    model: MODEL,
    budgetTokens: 3_000,
    ...more,
  };
}

describe(planHistory.name, () => {
  it('shortens the result of the newest turn before it leaves out every turn', () => {
    const recent = [
      said(1, 'user', 'Look.'),
      call(2),
      result(3, 60_000),
      said(4, 'assistant', 'There it is.'),
    ];
    const plan = planHistory(sources({ recent, messageSeq: 5 }));
    expect(plan.kept).toHaveLength(4);
    expect(plan.shortenedResults).toBe(1);
    expect(JSON.stringify(plan.kept)).toContain('There it is.');
  });

  it('takes as many pinned messages and memories as have a place, the newest of them, whatever is too long', () => {
    const pinned = [
      said(1, 'user', 'The first pin.'),
      said(2, 'user', 'too long '.repeat(2_000)),
      said(3, 'user', 'The third pin.'),
    ];
    const memories = [{ fact: 'likes tea' }, { fact: 'x '.repeat(3_000) }, { fact: 'lives in Graz' }];
    const { head } = planHistory(sources({ pinned, memories }));
    expect(head).toMatchObject({ pinned: 2, memories: 2 });
    const text = JSON.stringify(head.messages);
    expect(text.indexOf('The first pin.')).toBeLessThan(text.indexOf('The third pin.'));
    expect(text).toContain('likes tea');
    expect(text).toContain('lives in Graz');
  });
});

describe(assembleContext.name, () => {
  it('leaves most of the window to the run, however much there is to recall', () => {
    const recalled = Array.from({ length: 8 }, (_, index) => ({
      score: 1 - index / 10,
      messages: [said(index + 1, 'user', `${index} `.repeat(150))],
    }));
    const all = sources({ isCut: true });
    const { messages, report } = assembleContext(planHistory(all), recalled);
    const added = sumTokens(messages, MODEL) - messageTokens(all.current, MODEL);
    expect(report.recalledMessages).toBeGreaterThan(0);
    expect(added).toBeLessThanOrEqual(3_000 * 0.15 + 10);
  });
});
