import type { ToolCall } from '../../../shared/llm/tool-call.js';
import type { OutputScreen } from '../loop/output-screen.js';
import type { SymbolAutomaton } from './output/leaks/symbol-automaton.js';
import { OutputFilter, type OutputFilterOptions, type OutputFinding } from './output/output-filter.js';
import type { LinkKind, LinkPolicy } from './output/links/link-stage.js';
import { redactCall } from './redact-call.js';
import { screenCall } from './screen-call.js';

export interface RunOutputOptions extends Pick<OutputFilterOptions, 'prompt' | 'secrets'> {
  readonly canary: SymbolAutomaton | undefined;
  /** `strip-untrusted`: links only once the conversation has read what strangers wrote. */
  readonly links: 'strip-untrusted' | 'strip' | 'off';
  readonly isAllowed: LinkPolicy['isAllowed'];
  /** Whether the run has read by now what strangers wrote. */
  readonly hasReadUntrusted: () => boolean;
  readonly onFound: (what: OutputFinding) => void;
  readonly onCanaryInCall: (call: ToolCall) => void;
  /** Resolves when what was found so far is in the audit trail, or is known not to get there. */
  readonly recorded: () => Promise<unknown>;
}

const IMAGES: ReadonlySet<LinkKind> = new Set(['image']);
const ALL: ReadonlySet<LinkKind> = new Set(['image', 'link']);

/** What the model of one run says, on its way out. */
export class RunOutput implements OutputScreen {
  constructor(private readonly options: RunOutputOptions) {}

  async recorded(): Promise<void> {
    await this.options.recorded();
  }

  filter(): OutputFilter {
    const { canary, prompt, secrets, links, isAllowed, hasReadUntrusted, onFound } = this.options;
    const kinds = links === 'strip' || hasReadUntrusted() ? ALL : IMAGES;
    return new OutputFilter({
      canary,
      prompt,
      secrets,
      links: links === 'off' ? undefined : { kinds, isAllowed },
      onFound,
    });
  }

  call(call: ToolCall): ToolCall {
    const { canary, secrets, onCanaryInCall, onFound } = this.options;
    const screened = canary ? screenCall(canary, call) : call;
    if (screened !== call) onCanaryInCall(screened);
    return secrets ? redactCall(secrets, screened, () => onFound('secret')) : screened;
  }
}
