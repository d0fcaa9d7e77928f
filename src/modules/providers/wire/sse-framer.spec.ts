import fc from 'fast-check';
import { type SseEvent, SseFormatError, SseFramer } from './sse-framer.js';

function frame(...chunks: (string | Uint8Array)[]): SseEvent[] {
  const framer = new SseFramer();
  return chunks.flatMap((chunk) => framer.feed(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
}

describe(SseFramer.name, () => {
  it('gives an event at its blank line', () => {
    expect(frame('event: ping\ndata: {"a":1}\n\ndata: 2\n')).toEqual([{ name: 'ping', data: '{"a":1}' }]);
  });

  it('joins data lines and forgets the name with the event', () => {
    expect(frame('event: x\ndata: a\ndata: b\n\ndata: c\n\n')).toEqual([
      { name: 'x', data: 'a\nb' },
      { name: undefined, data: 'c' },
    ]);
  });

  it('takes one space after the colon away, and no more', () => {
    expect(frame('data:a\n\ndata:  b\n\ndata\n\n').map(({ data }) => data)).toEqual(['a', ' b', '']);
  });

  it('skips a byte order mark, comments, and fields that it does not know', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(': hi\nid: 7\nretry: 1\ndatum: x\ndata: a\n\n'),
    ]);

    expect(frame(bytes)).toEqual([{ name: undefined, data: 'a' }]);
  });

  it('takes a byte order mark for nothing else', () => {
    expect(frame('data: a\n\n\uFEFFdata: b\n\n')).toEqual([{ name: undefined, data: 'a' }]);
  });

  it('gives the same events however the bytes are cut', () => {
    const line = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ''));
    const newline = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, newline)), fc.array(fc.nat({ max: 9 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map(([text, end]) => `data: ${text}${end}: c${end}${end}`).join(''));
        const pieces: Buffer[] = [];
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = Math.max(1, cuts[cut % cuts.length] ?? 1);
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }

        expect(frame(...pieces)).toEqual(frame(bytes));
        expect(frame(bytes)).toHaveLength(lines.length);
      }),
    );
  });

  it('keeps characters whole that arrive byte by byte', () => {
    const bytes = Buffer.from('data: Grüße 🚲 自転車\n\n');

    expect(frame(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([
      { name: undefined, data: 'Grüße 🚲 自転車' },
    ]);
  });

  it('refuses an event beyond 1 MiB, whether one line or many', () => {
    const half = 'x'.repeat(600 * 1024);

    expect(() => frame(`data: ${half}`, half)).toThrow(SseFormatError);
    expect(() => frame(`data: ${half}\ndata: ${half}\n`)).toThrow(SseFormatError);
    expect(frame(`data: ${half}\n\ndata: ${half}\n\n`)).toHaveLength(2);
  });

  it('takes any number of comments', () => {
    const framer = new SseFramer();
    for (let count = 0; count < 50; count++) framer.feed(Buffer.from(`: ${'x'.repeat(64 * 1024)}\n`));

    expect(framer.feed(Buffer.from('data: a\n\n'))).toHaveLength(1);
  });

  it('hands over at the end what lacks only its blank line', () => {
    const framer = new SseFramer();
    framer.feed(Buffer.from('event: x\ndata: a'));

    expect(framer.end()).toEqual({ name: 'x', data: 'a' });
    expect(framer.end()).toBeUndefined();
  });
});
