import { Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../config/app-config.js';
import type { Exposure } from './exposure.js';
import type { Tool } from './tool.js';

/** What a call demands because of what its run has read: a person's yes, or nothing will do. */
export type TaintDemand =
  | { readonly kind: 'none' }
  | { readonly kind: 'approval' }
  | {
      readonly kind: 'refusal';
      readonly code: 'untrusted_context' | 'private_data_in_arguments';
      readonly message: string;
    };

const NONE: TaintDemand = { kind: 'none' };

/**
 * The guarantee against injected text. It does not ask whether a text looks like an attack: once anything that strangers
 * wrote is before the model, the model may act for them, so of private data, untrusted text, and an effect or a way out
 * at most two come together without a person. In such a run
 *
 * - what changes something, or does out there what nobody knows, needs a yes;
 * - what only reads elsewhere needs none as long as nothing private was read, and the address is one that strangers or
 *   the user wrote, so that it cannot carry anything out;
 * - an address that carries a piece of what is private is refused.
 */
@Injectable()
export class TaintPolicy {
  constructor(private readonly config: ToolsConfig) {}

  demandOf(tool: Tool, input: unknown, exposure: Exposure | undefined): TaintDemand {
    const { taintPolicy } = this.config;
    if (taintPolicy === 'off' || !exposure?.hasUntrusted || tool.sideEffect === 'read') return NONE;
    const destinations = tool.destinationsOf?.(input);
    const verdicts = destinations?.map((destination) => exposure.judge(destination)) ?? [];
    if (verdicts.includes('leaks')) {
      return {
        kind: 'refusal',
        code: 'private_data_in_arguments',
        message:
          'The address carries data of this conversation. That may not be sent to a place that others have named.',
      };
    }
    const isHarmless =
      destinations !== undefined && !exposure.hasPrivate && verdicts.every((verdict) => verdict === 'known');
    if (isHarmless) return NONE;
    return taintPolicy === 'approve'
      ? { kind: 'approval' }
      : {
          kind: 'refusal',
          code: 'untrusted_context',
          message:
            'Text from outside is part of this conversation, so this tool may not be used in it any more.',
        };
  }
}
