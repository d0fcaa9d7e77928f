import { z } from 'zod';
import { aToolExecutor } from '../../../test/support/tools/a-tool-executor.js';
import { loadConfig } from '../../config/load-config.js';
import { EVERY_TOOL, type Principal } from '../../shared/context/principal.js';
import type { PrincipalService } from '../auth/index.js';
import { defineTool, type Tool } from '../tools/index.js';
import type { AgentTools } from './agent-tools.js';
import type { ToolApprovalRepository } from './approvals/tool-approval.repository.js';
import type { ToolTextGuard } from './guardrails/tool-text-guard.js';
import type { PreparedRequest } from './run-preparer.js';
import { RunTools } from './run-tools.js';
import type { OwnedRun } from './run.js';

const PRINCIPAL: Principal = {
  userId: 'u1',
  email: null,
  tier: 'free',
  roles: [],
  permissions: new Set(['tools:use']),
  limits: {},
  tools: EVERY_TOOL,
};

const aTool = (marks: Partial<Tool>, execute: () => null): Tool => ({
  ...defineTool({
    name: 'srv_mail',
    description: 'For tests.',
    input: z.strictObject({}),
    sideEffect: 'read',
    isIdempotent: true,
    timeoutMs: 1_000,
    execute,
  }),
  ...marks,
});

describe(RunTools.name, () => {
  let offered: readonly Tool[];

  const resultOf = async (toolName: string) => {
    const { executor, gate, registry, policy } = aToolExecutor(() => offered);
    const tools = new RunTools(
      executor,
      gate,
      registry,
      policy,
      {} as AgentTools,
      { currentPrincipalOf: async () => PRINCIPAL } as unknown as PrincipalService,
      {} as ToolApprovalRepository,
      { judged: async (_run: unknown, result: unknown) => result } as unknown as ToolTextGuard,
      loadConfig({}).tools,
      { now: () => new Date(0), monotonicMs: () => 0 },
    );
    return tools.execute(
      { id: 'r1', principal: PRINCIPAL } as OwnedRun,
      { tools: [{ name: 'srv_mail' }], exposure: undefined } as unknown as PreparedRequest,
      { call: { toolCallId: 'c1', toolName, input: {} }, seq: 1, step: 1 },
      new AbortController().signal,
      () => undefined,
    );
  };

  it.each<[string, () => readonly Tool[]]>([
    ['taken away', () => []],
    ['replaced', () => [aTool({ returnsUntrusted: false, returnsPrivate: false }, () => null)]],
  ])(
    'takes a result for what its tool was when it was called, though it is %s meanwhile',
    async (_, then) => {
      const mail = aTool({ returnsUntrusted: true, returnsPrivate: true }, () => {
        offered = then();
        return null;
      });
      offered = [mail];
      expect(await resultOf('srv_mail')).toMatchObject({ result: null, taint: 'untrusted', isPrivate: true });
    },
  );
});
