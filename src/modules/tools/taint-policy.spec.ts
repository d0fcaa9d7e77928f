import { z } from 'zod';
import { loadConfig } from '../../config/load-config.js';
import { defineTool } from './define-tool.js';
import type { DestinationVerdict, Exposure } from './exposure.js';
import { TaintPolicy } from './taint-policy.js';
import type { SideEffect, Tool } from './tool.js';

function aTool(sideEffect: SideEffect, destinations?: readonly string[]): Tool {
  return defineTool({
    name: 'probe',
    description: 'For tests.',
    input: z.strictObject({}),
    sideEffect,
    isIdempotent: true,
    timeoutMs: 1_000,
    ...(destinations ? { destinationsOf: () => destinations } : {}),
    execute: () => null,
  });
}

function exposure(
  hasUntrusted: boolean,
  hasPrivate: boolean,
  verdict: DestinationVerdict = 'known',
): Exposure {
  return { hasUntrusted, hasPrivate, judge: () => verdict };
}

function policy(taintPolicy: 'approve' | 'refuse' | 'off' = 'approve'): TaintPolicy {
  return new TaintPolicy({ ...loadConfig({}).tools, taintPolicy });
}

const demand = (tool: Tool, seen: Exposure | undefined, rule?: 'approve' | 'refuse' | 'off') =>
  policy(rule).demandOf(tool, {}, seen).kind;

describe(TaintPolicy.name, () => {
  it('demands nothing while nothing that strangers wrote is before the model', () => {
    expect(demand(aTool('write'), exposure(false, true))).toBe('none');
    expect(demand(aTool('egress', ['https://a.test']), exposure(false, true, 'composed'))).toBe('none');
  });

  it('demands nothing of a user who calls a tool directly', () => {
    expect(demand(aTool('write'), undefined)).toBe('none');
  });

  it.each<SideEffect>(['write', 'egress'])(
    'wants a yes to a tool with the side effect %s afterwards',
    (effect) => {
      expect(demand(aTool(effect), exposure(true, false))).toBe('approval');
    },
  );

  it('never holds back what only reads here', () => {
    expect(demand(aTool('read'), exposure(true, true))).toBe('none');
  });

  it('lets a run read on in the web as long as it has seen nothing private and makes no address up', () => {
    expect(demand(aTool('egress', ['https://a.test']), exposure(true, false, 'known'))).toBe('none');
    expect(demand(aTool('egress', []), exposure(true, false))).toBe('none');
    expect(demand(aTool('egress', ['https://a.test']), exposure(true, true, 'known'))).toBe('approval');
    expect(demand(aTool('egress', []), exposure(true, true))).toBe('approval');
    expect(demand(aTool('egress', ['https://a.test']), exposure(true, false, 'composed'))).toBe('approval');
  });

  it('refuses an address that carries out what is private, whoever would agree', () => {
    expect(demand(aTool('egress', ['https://a.test']), exposure(true, false, 'leaks'))).toBe('refusal');
  });

  it('refuses or lets go where the operator says so', () => {
    expect(demand(aTool('write'), exposure(true, false), 'refuse')).toBe('refusal');
    expect(demand(aTool('write'), exposure(true, true), 'off')).toBe('none');
  });
});
