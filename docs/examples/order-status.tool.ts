import { z } from 'zod';
import { defineTool } from '../../src/modules/tools/define-tool.js';
import { type Tool, ToolError, ToolUnavailableError } from '../../src/modules/tools/tool.js';

/** Where orders are looked up; a port, so that a test needs no warehouse. */
export interface Orders {
  /** `undefined`: there is no such order of this user. Rejects when the warehouse cannot be asked. */
  statusOf(userId: string, orderNumber: string, signal: AbortSignal): Promise<string | undefined>;
}

export function orderStatusTool(orders: Orders): Tool {
  return defineTool({
    name: 'order_status',
    // For the model: what it does, and when to use it.
    description:
      'Tells where an order of the user is. Use it whenever the user asks about an order by its number.',
    // Strict: a parameter that is not here is refused. The model reads the descriptions.
    input: z.strictObject({
      order_number: z
        .string()
        .regex(/^[A-Z]{2}-\d{6}$/)
        .describe('For example "AB-104200".'),
    }),
    sideEffect: 'read',
    isIdempotent: true,
    returnsPrivate: true,
    timeoutMs: 5_000,
    whenDown: 'Orders cannot be looked up at the moment. Say so, and offer to try again later.',
    async execute({ order_number: orderNumber }, { userId, signal, reportProgress }) {
      reportProgress(`asking the warehouse about ${orderNumber}`);
      // The user is the one who is signed in, never one whom the model names.
      const status = await orders.statusOf(userId, orderNumber, signal).catch(() => {
        throw new ToolUnavailableError('The warehouse does not answer.');
      });
      if (status === undefined) throw new ToolError('no_such_order', `The user has no order ${orderNumber}.`);
      return { order_number: orderNumber, status };
    },
  });
}
