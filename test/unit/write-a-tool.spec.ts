import { readFileSync } from 'node:fs';
import { type Orders, orderStatusTool } from '../../docs/examples/order-status.tool.js';
import { EVERY_TOOL, type Permission } from '../../src/shared/context/principal.js';
import { aToolExecutor } from '../support/tools/a-tool-executor.js';

const ADA = {
  userId: 'ada',
  email: 'ada@example.com',
  tier: 'free' as const,
  roles: ['user'],
  permissions: new Set<Permission>(['tools:use']),
  limits: {},
  tools: EVERY_TOOL,
};

function ask(orders: Orders, input: object) {
  const progress: string[] = [];
  const { executor } = aToolExecutor([orderStatusTool(orders)]);
  const outcome = executor.execute(
    { toolName: 'order_status', input: input as never, toolCallId: 'c1', idempotencyKey: 'r:1' },
    {
      principal: ADA,
      signal: new AbortController().signal,
      allowedTools: new Set(['order_status']),
      onProgress: (message) => progress.push(message),
    },
  );
  return outcome.then((result) => ({ ...result, progress }));
}

describe('the tool of the guide', () => {
  const orders: Orders = {
    statusOf: async (userId, number) =>
      userId === 'ada' && number === 'AB-104200' ? 'on its way' : undefined,
  };

  it('answers for the user who is signed in, and tells how far it is', async () => {
    expect(await ask(orders, { order_number: 'AB-104200' })).toMatchObject({
      status: 'ok',
      result: { order_number: 'AB-104200', status: 'on its way' },
      progress: ['asking the warehouse about AB-104200'],
    });
  });

  it.each([
    [{ order_number: 'AB-999999' }, 'no_such_order'],
    [{ order_number: 'whatever' }, 'invalid_input'],
    [{ order_number: 'AB-104200', user: 'eve' }, 'invalid_input'],
  ])('refuses %j as %s', async (input, code) => {
    expect(await ask(orders, input)).toMatchObject({ status: 'error', code });
  });

  it('goes on without a warehouse', async () => {
    const down: Orders = { statusOf: () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7')) };
    expect(await ask(down, { order_number: 'AB-104200' })).toMatchObject({
      code: 'tool_unavailable',
      message: 'Orders cannot be looked up at the moment. Say so, and offer to try again later.',
    });
  });

  it('is where the guide says', () => {
    const guide = readFileSync(new URL('../../docs/guides/write-a-tool.md', import.meta.url), 'utf8');
    expect(guide).toContain('(../examples/order-status.tool.ts)');
  });
});
