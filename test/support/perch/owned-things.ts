import type { ApiClient } from './api-client.js';

/** Ids by the names that parameters have for them. */
export type Things = Readonly<Record<string, string>>;

const CHAT = '/api/v1/agent/chat';
/** Tools have to be agreed to, so that there is a call to decide about. */
export const OWNED_THINGS_ENVIRONMENT = { PERCH_TOOL_RULES: '{"calculator":{"approval":"always"}}' };

let users = 0;

/**
 * What a user has one of, under the name of the parameter, or `segment/{name}` where a name alone says too little: `{id}` of
 * `/sessions/{id}` is `sessions/{id}`. A route with a parameter that is in neither list fails the walk: add a line here that
 * makes such a thing for this user and gives its id.
 */
const SEEDS: readonly ((user: ApiClient) => Promise<Things>)[] = [
  // A run that waits for its user, and its conversation.
  async (user) => {
    const { session_id: sessionId, message_id: messageId } = await user.chat({ message: 'Hello' });
    // The scripted model numbers its calls by their place, and no two users may have the same here.
    users += 1;
    for (let turn = 0; turn < users; turn += 1) await user.chat({ message: 'Hello', session_id: sessionId });
    const asked = await user.post(CHAT, { message: 'What is 12.5% of 840?', session_id: sessionId });
    const waiting = (await asked.json()) as { run_id: string; approvals: { tool_call_id: string }[] };
    return {
      session_id: sessionId,
      message_id: messageId!,
      run_id: waiting.run_id,
      tool_call_id: waiting.approvals[0]!.tool_call_id,
    };
  },
  async (user) => {
    await user.put('/api/v1/agent/memories/settings', { enabled: true });
    const { id } = await idOf(user.post('/api/v1/agent/memories', { text: 'Likes fish.' }));
    return { memory_id: id };
  },
  async (user) => {
    const response = await user.get('/api/v1/auth/sessions');
    const { sessions } = (await response.json()) as { sessions: { id: string }[] };
    const { id: keyId } = await idOf(user.post('/api/v1/auth/api-keys', { name: 'a key' }));
    return { 'sessions/{id}': sessions[0]!.id, 'api-keys/{id}': keyId };
  },
];

async function idOf(made: Promise<Response>): Promise<{ id: string }> {
  const response = await made;
  if (response.status !== 201) throw new Error(`not made: ${response.status} ${await response.text()}`);
  return (await response.json()) as { id: string };
}

/** Parameters that name nothing of a user, and what they name. */
export const NOT_OWNED: Readonly<Record<string, string>> = {
  tool_name: 'a tool: the same for all',
  'prompts/{name}': 'a prompt: the same for all',
  'credentials/{server}': 'an MCP server: the same for all',
};

/** One of everything, of this user. */
export async function ownedThingsOf(user: ApiClient): Promise<Things> {
  const all: Record<string, string> = {};
  for (const seed of SEEDS) Object.assign(all, await seed(user));
  return all;
}
