import { expectValidConversation, type ReadMessage } from '../support/conversation-checks.js';

type Part = ReadMessage['parts'][number];

const call = (id: string): Part => ({ type: 'tool-call', tool_call_id: id });
const result = (id: string): Part => ({ type: 'tool-result', tool_call_id: id });

function conversation(...rows: readonly [ReadMessage['role'], runId: string, ...Part[]][]): ReadMessage[] {
  return rows.map(([role, runId, ...parts], index) => ({
    message_id: `m${index + 1}`,
    seq: index + 1,
    role,
    content: '',
    parts,
    status: 'complete',
    run_id: runId,
  }));
}

const valid = conversation(
  ['user', 'r1'],
  ['assistant', 'r1', call('a'), call('b')],
  ['tool', 'r1', result('a'), result('b')],
  ['assistant', 'r1'],
  ['user', 'r2'],
  ['assistant', 'r2'],
);

describe(expectValidConversation.name, () => {
  it('accepts two turns with their calls answered', () => {
    expect(() => expectValidConversation(valid)).not.toThrow();
    expect(() => expectValidConversation([])).not.toThrow();
  });

  it.each<[string, RegExp, ReadMessage[]]>([
    ['a gap', /Message 2 has seq 3/, valid.toSpliced(1, 1)],
    ['no user at the beginning', /does not begin with the user/, conversation(['assistant', 'r1'])],
    ['one id twice', /the same id/, [valid[0]!, { ...valid[3]!, message_id: 'm1', seq: 2 }]],
    [
      'a call without a result',
      /calls \[a\] and is answered \[\]/,
      conversation(['user', 'r1'], ['assistant', 'r1', call('a')], ['assistant', 'r1']),
    ],
    [
      'a result too many',
      /calls \[a\] and is answered \[a,a\]/,
      conversation(['user', 'r1'], ['assistant', 'r1', call('a')], ['tool', 'r1', result('a'), result('a')]),
    ],
    [
      'results in another order',
      /calls \[a,b\] and is answered \[b,a\]/,
      conversation(
        ['user', 'r1'],
        ['assistant', 'r1', call('a'), call('b')],
        ['tool', 'r1', result('b'), result('a')],
      ),
    ],
    [
      'two messages of results',
      /Message 4 has results of no call/,
      conversation(
        ['user', 'r1'],
        ['assistant', 'r1', call('a')],
        ['tool', 'r1', result('a')],
        ['tool', 'r1', result('a')],
      ),
    ],
    [
      'two runs in one another',
      /Message 3 belongs to a run that another has interrupted/,
      conversation(['user', 'r1'], ['user', 'r2'], ['assistant', 'r1'], ['assistant', 'r2']),
    ],
    ['the user twice', /a second user message/, conversation(['user', 'r1'], ['user', 'r1'])],
    [
      'a run without its user',
      /begins a run without its user/,
      conversation(['user', 'r1'], ['assistant', 'r2']),
    ],
  ])('refuses %s', (_fault, message, messages) => {
    expect(() => expectValidConversation(messages)).toThrow(message);
  });
});
