import type { CallToolResult } from '@modelcontextprotocol/client';
import { Secret } from '../../../config/secret.js';
import { fromCallResult } from './from-call-result.js';
import { hideSecrets } from './hide-secrets.js';

const plain = (text: string): string => text;
const result = (content: unknown[], structuredContent?: Record<string, unknown>): CallToolResult =>
  ({ content, ...(structuredContent ? { structuredContent } : {}) }) as CallToolResult;

describe(fromCallResult.name, () => {
  it('keeps texts, and of bytes their kind and size', () => {
    const data = Buffer.alloc(3_000).toString('base64');
    expect(
      fromCallResult(
        result([
          { type: 'text', text: 'hello' },
          { type: 'image', data, mimeType: 'image/png' },
          { type: 'audio', data, mimeType: 'audio/wav' },
          { type: 'resource', resource: { uri: 'file:///a', mimeType: 'text/plain', text: 'inside' } },
          { type: 'resource', resource: { uri: 'file:///b', blob: data } },
          { type: 'resource_link', uri: 'https://a.example/c', name: 'c', description: 'elsewhere' },
        ]),
        plain,
      ),
    ).toEqual({
      content: [
        { type: 'text', text: 'hello' },
        { type: 'image', mime_type: 'image/png', bytes: 3_000 },
        { type: 'audio', mime_type: 'audio/wav', bytes: 3_000 },
        { type: 'resource', uri: 'file:///a', mime_type: 'text/plain', text: 'inside' },
        { type: 'resource', uri: 'file:///b', bytes: 3_000 },
        { type: 'resource_link', uri: 'https://a.example/c', name: 'c', description: 'elsewhere' },
      ],
    });
  });

  it('gives structured results once', () => {
    expect(fromCallResult(result([{ type: 'text', text: '{ "a": 1 }' }], { a: 1 }), plain)).toEqual({
      structured: { a: 1 },
    });
    expect(fromCallResult(result([{ type: 'text', text: 'Found one.' }], { a: 1 }), plain)).toEqual({
      content: [{ type: 'text', text: 'Found one.' }],
      structured: { a: 1 },
    });
    expect(fromCallResult(result([]), plain)).toEqual({ content: [] });
  });

  it('bounds texts, blocks and structure, and says so', () => {
    const long = { type: 'text', text: 'x'.repeat(30_000) };
    const cut = fromCallResult(result([long, long, long]), plain);
    expect(JSON.stringify(cut).length).toBeLessThan(49_000);
    expect(cut).toMatchObject({ truncated: true });
    const many = fromCallResult(
      result(Array.from({ length: 500 }, () => ({ type: 'text', text: 'x' }))),
      plain,
    );
    expect(many).toMatchObject({ truncated: true });
    const large = fromCallResult(
      result([], { rows: Array.from({ length: 20_000 }, (_, i) => `row ${i}`) }),
      plain,
    );
    expect(JSON.stringify(large).length).toBeLessThan(70_000);
  });

  it('shows no secret, in whatever form it comes back', () => {
    const value = 'canary/with+"marks"?';
    const hide = hideSecrets([new Secret(value), new Secret('ab')]);
    const forms = [
      value,
      encodeURIComponent(value),
      JSON.stringify(value),
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('base64url'),
    ];
    const said = JSON.stringify(
      fromCallResult(
        result(
          [
            ...forms.map((text) => ({ type: 'text', text: `it is ${text}.` })),
            { type: 'resource_link', uri: `https://a.example/?k=${encodeURIComponent(value)}`, name: value },
          ],
          { [value]: [value], ab: 'about' },
        ),
        hide,
      ),
    );
    expect(said).not.toContain('canary');
    expect(said).not.toContain(Buffer.from(value).toString('base64url'));
    // Too short to be told from any other text.
    expect(said).toContain('about');
  });

  it.each([
    ['a text', (secret: string) => ({ text: `${'x'.repeat(3_990)}${secret}`, more: 'y'.repeat(70_000) })],
    [
      'all of it',
      (secret: string) => ({
        rows: Array.from({ length: 90 }, (_, row) => `${row === 0 ? 'x'.repeat(3_975) : ''}${secret}`),
        more: Object.fromEntries(Array.from({ length: 30 }, (_, key) => [key, 'y'.repeat(4_000)])),
      }),
    ],
  ])('hides a secret where %s is cut through it', (_, structured) => {
    const secret = 'canary-0123456789-abcdefghij';
    const said = JSON.stringify(
      fromCallResult(result([], structured(secret)), hideSecrets([new Secret(secret)])),
    );
    expect(said).toContain('truncated');
    expect(said).not.toContain('canary');
  });
});
