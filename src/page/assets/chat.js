// A small client of the HTTP contract: sign in, post a message, read the stream. Text is only ever set as text.
const byId = (id) => document.getElementById(id);
let accessToken;
let sessionId;
let running;

byId('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const answer = await fetch('/api/v1/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: form.get('email'), password: form.get('password') }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    byId('login-error').textContent = body.detail;
    return;
  }
  accessToken = body.access_token;
  byId('login').hidden = true;
  byId('chat').hidden = false;
  byId('message').focus();
});

byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  void ask(byId('message').value);
});
byId('message').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId('ask').requestSubmit();
  }
});
byId('stop').addEventListener('click', () => running?.abort());

async function ask(message) {
  if (running || !message.trim()) return;
  byId('message').value = '';
  show('user', message);
  running = new AbortController();
  setBusy(true);
  try {
    const response = await fetch('/api/v1/agent/chat/stream', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ message, ...(sessionId ? { session_id: sessionId } : {}) }),
      signal: running.signal,
    });
    if (!response.ok) return show('error', (await response.json()).detail);
    let line;
    for await (const { event, data } of serverSentEvents(response.body)) {
      if (event === 'run-start') sessionId = data.session_id;
      else if (event === 'step-start') line = undefined;
      else if (event === 'text-delta') (line ??= show('assistant', '')).textContent += data.delta;
      else if (event === 'tool-call') show('tool', `${data.tool_name} ← ${JSON.stringify(data.input)}`);
      else if (event === 'tool-result') show('tool', `${data.tool_name} → ${JSON.stringify(data.result)}`);
      else if (event === 'run-error') show('error', data.problem.detail);
      else if (event === 'run-end') {
        const cost = data.cost_usd === null ? 'cost unknown' : `$${data.cost_usd}`;
        byId('status').textContent =
          `${data.model} · ${data.usage.total_tokens} tokens · ${cost} · ${Math.round(data.latency_ms)} ms`;
      }
      line?.scrollIntoView({ block: 'end' });
    }
  } catch (error) {
    show('error', error.name === 'AbortError' ? 'Stopped.' : 'The connection broke.');
  } finally {
    running = undefined;
    setBusy(false);
  }
}

async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop();
    for (const block of blocks) {
      const field = (name) =>
        block
          .split('\n')
          .find((row) => row.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      if (field('event')) yield { event: field('event'), data: JSON.parse(field('data')) };
    }
  }
}

function show(kind, text) {
  const line = document.createElement('li');
  line.className = kind;
  line.textContent = text;
  byId('messages').append(line);
  line.scrollIntoView({ block: 'end' });
  return line;
}

function setBusy(isBusy) {
  byId('send').hidden = isBusy;
  byId('stop').hidden = !isBusy;
}
