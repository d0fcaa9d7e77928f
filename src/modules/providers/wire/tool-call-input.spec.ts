import { toToolCall } from './tool-call-input.js';

describe(toToolCall.name, () => {
  it('takes no text for no arguments', () => {
    expect(toToolCall('c', 't', ' ')).toEqual({ toolCallId: 'c', toolName: 't', input: {} });
  });

  it.each([
    ['{"a": ['],
    ['nothing'],
    [`{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
    [`${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`],
  ])('keeps what is no JSON, or deeper than any tool takes, as it was written', (text) => {
    expect(toToolCall('c', 't', text)).toMatchObject({ input: null, invalidInput: text });
  });

  it('reads what is as deep as people write', () => {
    const text = `{"a":${'['.repeat(80)}1${']'.repeat(80)}}`;
    expect(toToolCall('c', 't', text).invalidInput).toBeUndefined();
  });
});
