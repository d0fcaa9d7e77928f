// The reference: Express and the official OpenAI SDK, nothing else. No auth, no limits, no storage.
import express from 'express';
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'bench', baseURL: process.env.UPSTREAM_URL, maxRetries: 0 });
const app = express();
app.use(express.json());

app.post('/chat', async (request, response) => {
  const answer = await client.chat.completions.create({
    model: 'bench',
    max_tokens: request.body.max_tokens,
    messages: [{ role: 'user', content: request.body.message }],
  });
  response.json({ content: answer.choices[0].message.content, usage: answer.usage });
});

app.post('/chat/stream', async (request, response) => {
  const stream = await client.chat.completions.create({
    model: 'bench',
    max_tokens: request.body.max_tokens,
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: request.body.message }],
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for await (const event of stream) {
    const delta = event.choices[0]?.delta?.content;
    if (delta) response.write(`event: text-delta\ndata: ${JSON.stringify({ delta })}\n\n`);
  }
  response.end();
});

const server = app.listen(0, '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` }),
);
