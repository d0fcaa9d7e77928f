/** What a test reads of an event's data; the members depend on the event (api.md, "Agent"). */
export interface EventData {
  readonly [member: string]: unknown;
  readonly step?: number;
  readonly delta?: string;
  readonly run_id?: string;
  readonly session_id?: string;
}

/** One event of the native stream. */
export interface StreamedEvent {
  readonly id: number;
  readonly event: string;
  readonly data: EventData;
  /** The block as it came, comments left out: two streams of one run agree byte for byte. */
  readonly raw: string;
}

/** Reads a native stream as a browser would: decodes across chunks, drops comments. Ends with the body. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEvent> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of body) {
    buffer += decoder.decode(chunk, { stream: true });
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop()!;
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event) yield event;
    }
  }
}

export async function readAllEvents(body: AsyncIterable<Uint8Array>): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

/** The text that a reader of the stream has seen. */
export function streamedText(events: readonly StreamedEvent[]): string {
  return events.map(({ event, data }) => (event === 'text-delta' ? data.delta! : '')).join('');
}

function parseBlock(block: string): StreamedEvent | undefined {
  const fields = new Map<string, string>();
  const lines = block.split('\n').filter((line) => !line.startsWith(':'));
  for (const line of lines) {
    const colon = line.indexOf(': ');
    fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const event = fields.get('event');
  if (event === undefined) return undefined;
  return {
    id: Number(fields.get('id')),
    event,
    data: JSON.parse(fields.get('data')!) as EventData,
    raw: `${lines.join('\n')}\n\n`,
  };
}
