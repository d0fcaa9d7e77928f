import { ModelServer, type ReceivedRequest } from '../support/model-server/model-server.js';
import { streamedText } from '../support/perch/sse-client.js';
import { compatibleWith, startTestPerch, type TestPerch } from '../support/perch/test-perch.js';

const EMAIL = 'canary.person@mail.example.com';
const CARD = '4111111111111111';

function placeholderIn({ body }: ReceivedRequest, kind: string): string {
  return new RegExp(`<${kind}_[0-9a-f]{12}>`).exec(JSON.stringify(body))![0];
}

describe('personal data', () => {
  let models: ModelServer;
  let perch: TestPerch;
  beforeAll(async () => {
    models = await ModelServer.start();
    perch = await startTestPerch(compatibleWith(models.url, { PERCH_MASK_PERSONAL_DATA: 'email,card' }));
  });
  afterAll(async () => {
    await perch.stop();
    await models.stop();
  });

  it('never reaches the vendor; the user and the tools see it', async () => {
    const user = await perch.user();
    models.reset().enqueue(
      (request) => ({
        text: `I write to ${placeholderIn(request, 'email')}.`,
        toolCalls: [
          {
            id: 'call_1',
            name: 'calculator',
            arguments: { expression: `${placeholderIn(request, 'card')} / 1000000` },
          },
        ],
        chunkSize: 1,
      }),
      (request) => ({ text: `Done, ${placeholderIn(request, 'email')}.`, chunkSize: 7 }),
    );
    const events = await user.stream({
      message: `I am ${EMAIL}, my card is ${CARD}.`,
      context: { mail: EMAIL },
    });
    expect(streamedText(events)).toBe(`I write to ${EMAIL}.Done, ${EMAIL}.`);
    const call = events.find(({ event }) => event === 'tool-call')!.data;
    expect(call.input).toEqual({ expression: `${CARD} / 1000000` });
    const result = events.find(({ event }) => event === 'tool-result')!.data;
    expect(result.result).toEqual({ value: 4111111111.11111 });

    models.enqueue((request) => ({ text: `You are ${placeholderIn(request, 'email')}.` }));
    const answer = await user.chat({ message: 'Who am I?', session_id: events[0]!.data.session_id! });
    expect(answer.content).toBe(`You are ${EMAIL}.`);

    expect(models.requests).toHaveLength(3);
    const bodies = models.requests.map(({ body }) => JSON.stringify(body));
    expect(bodies.filter((body) => body.includes(EMAIL) || body.includes(CARD))).toEqual([]);
    expect(bodies[2]!.startsWith(bodies[0]!.slice(0, bodies[0]!.indexOf('my card')))).toBe(true);
  });
});
