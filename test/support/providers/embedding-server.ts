import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (texts: readonly string[], response: ServerResponse) => void;

/** A server that embeds: as many numbers as asked for, by the letters of the text. */
export class EmbeddingServer {
  readonly requests: { body: Record<string, unknown>; authorization: string | undefined }[] = [];
  answer: Answer = toVectors;
  private constructor(private readonly server: Server) {}

  static async start(): Promise<EmbeddingServer> {
    const server = createServer((request, response) => {
      void (async () => {
        let text = '';
        for await (const piece of request) text += String(piece);
        const body = JSON.parse(text) as { input: string[] };
        started.requests.push({ body, authorization: request.headers.authorization });
        response.setHeader('content-type', 'application/json');
        started.answer(body.input, response);
      })();
    });
    const started = new EmbeddingServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function toVectors(texts: readonly string[], response: ServerResponse): void {
  const data = texts.map((text, index) => ({ index, embedding: lettersOf(text) }));
  // Not in the order of the texts: the index counts.
  response.end(JSON.stringify({ data: data.reverse(), usage: { prompt_tokens: 7 } }));
}

export function lettersOf(text: string): number[] {
  const letters = Array.from({ length: 26 }, () => 0);
  for (const letter of text.slice(0, 200)) {
    const place = letter.charCodeAt(0) - 97;
    if (place >= 0 && place < 26) letters[place]! += 1;
  }
  return letters;
}
