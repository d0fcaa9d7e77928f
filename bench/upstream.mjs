// A model server that answers at once: the OpenAI Chat Completions wire, from prepared bytes.
// The request's `max_tokens` (or max_completion_tokens) says how many tokens to stream; `hang: true` in the first user
// message keeps the stream open after the first token.
import { createServer } from 'node:http';

const TOKEN = ' token';
const chunk = (delta, finish = null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const HEAD = chunk({ role: 'assistant', content: '' });
const DELTA = chunk({ content: TOKEN });
const tail = (tokens) =>
  `${chunk({}, 'stop')}data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [], usage: { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 10 + tokens } })}\n\ndata: [DONE]\n\n`;
/** Tokens per write: what one read of a real vendor's stream brings. */
const BURST = 2;

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part) => (body += part));
  request.on('end', () => {
    const asked = JSON.parse(body);
    const tokens = asked.max_completion_tokens ?? asked.max_tokens ?? 20;
    if (!asked.stream) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'c1',
          object: 'chat.completion',
          created: 1,
          model: 'bench',
          choices: [
            {
              index: 0,
              message: { role: 'assistant', content: TOKEN.repeat(tokens), refusal: null },
              finish_reason: 'stop',
              logprobs: null,
            },
          ],
          usage: { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 10 + tokens },
        }),
      );
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(HEAD + DELTA);
    if (body.includes('please hang')) return;
    let left = tokens - 1;
    const pump = () => {
      while (left > 0) {
        const burst = Math.min(left, BURST);
        left -= burst;
        if (!response.write(DELTA.repeat(burst))) return void response.once('drain', pump);
        if (tokens > 50) return void setImmediate(pump);
      }
      response.end(tail(tokens));
    };
    pump();
  });
});
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/v1` }));
