import { LeakGuard, type Leak } from './leaks/leak-guard.js';
import { PromptIndex } from './leaks/prompt-index.js';
import { PromptScan } from './leaks/prompt-scan.js';
import type { SymbolAutomaton } from './leaks/symbol-automaton.js';
import { type LinkPolicy, LinkStage } from './links/link-stage.js';
import type { KnownSecrets } from './secrets/known-secrets.js';
import { SecretStage } from './secrets/secret-stage.js';
import type { TextStage } from './text-stage.js';

/** What was found in what a model said. */
export type OutputFinding = 'link' | 'image' | 'secret' | Leak;

export interface OutputFilterOptions {
  /** `undefined`: the canary is not looked for. */
  readonly canary?: SymbolAutomaton | undefined;
  /** `undefined`: the system prompt may be repeated. `userText`: what the user has said, asked for when it matters. */
  readonly prompt?: { readonly index: PromptIndex; readonly userText: () => string } | undefined;
  /** `undefined`: secrets are not looked for. */
  readonly secrets?: KnownSecrets | undefined;
  /** `undefined`: links stay. */
  readonly links?: LinkPolicy | undefined;
  readonly onFound?: (what: OutputFinding) => void;
}

/**
 * What one model says in one step, on its way to whoever asked. The streamed and the whole answer are the same: what comes
 * out depends on the text alone. After a leak nothing comes out any more, and nothing of the leak has.
 */
export class OutputFilter {
  private readonly guard: LeakGuard;
  private readonly stages: readonly TextStage[];
  private isOver = false;

  constructor({ canary, prompt, secrets, links, onFound = () => undefined }: OutputFilterOptions) {
    this.onFound = onFound;
    this.guard = new LeakGuard(
      canary?.scan(),
      prompt && { index: prompt.index, scan: new PromptScan(prompt.index, prompt.userText) },
    );
    this.stages = [
      ...(secrets ? [new SecretStage(secrets, () => onFound('secret'))] : []),
      ...(links ? [new LinkStage(links, onFound)] : []),
    ];
  }

  private readonly onFound: (what: OutputFinding) => void;

  /** What has leaked; `undefined`: nothing. */
  get tripped(): Leak | undefined {
    return this.guard.tripped;
  }

  /** What of the text so far is certain and was not given out before. */
  push(delta: string): string {
    if (this.isOver) return '';
    return this.pass(this.guard.push(delta));
  }

  /** What was kept back. Nothing comes after it. */
  end(): string {
    if (this.isOver) return '';
    const rest = this.pass(this.guard.end());
    return this.isOver ? rest : rest + this.flush();
  }

  private pass(safe: string): string {
    const output = this.stages.reduce((text, stage) => (text === '' ? '' : stage.push(text)), safe);
    if (!this.guard.tripped) return output;
    this.onFound(this.guard.tripped);
    return output + this.flush();
  }

  private flush(): string {
    this.isOver = true;
    return this.stages.reduce((text, stage) => stage.push(text) + stage.end(), '');
  }
}
