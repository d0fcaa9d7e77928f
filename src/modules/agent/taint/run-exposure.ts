import type { Message } from '../../../shared/llm/message.js';
import type { ToolResult } from '../../../shared/llm/tool-call.js';
import type { DestinationVerdict, Exposure } from '../../tools/index.js';
import { judgeDestination } from './judge-destination.js';
import { KnownTextCollector } from './known-text.js';

export interface ExposureStart {
  /** The conversation's own marks: for good, also for what the model is not shown any more. */
  readonly hasUntrusted: boolean;
  readonly hasPrivate: boolean;
  readonly system: string;
  /** What the run begins with. */
  readonly messages: readonly Message[];
  readonly trustedHosts: readonly string[];
}

/**
 * What a run has been exposed to. It grows when a step is complete: the calls of one step were made before the model had
 * read any of their results.
 */
export class RunExposure implements Exposure {
  private readonly known = new KnownTextCollector();
  private untrusted: boolean;
  private private: boolean;
  /** The same address is judged when it is asked about, when it is admitted, and by each call that goes there. */
  private readonly verdicts = new Map<string, DestinationVerdict>();

  constructor(private readonly start: ExposureStart) {
    this.untrusted = start.hasUntrusted;
    this.private = start.hasPrivate;
    this.known.addSystem(start.system);
    // The newest first: should there be too much, it is the oldest that is not known.
    for (const message of [...start.messages].reverse()) this.known.addMessage(message);
  }

  get hasUntrusted(): boolean {
    return this.untrusted;
  }

  get hasPrivate(): boolean {
    return this.private;
  }

  add(results: readonly ToolResult[]): void {
    this.verdicts.clear();
    for (const result of results) {
      if (result.taint) this.untrusted = true;
      if (result.isPrivate) this.private = true;
      this.known.addResult(result);
    }
  }

  judge(destination: string): DestinationVerdict {
    let verdict = this.verdicts.get(destination);
    if (verdict === undefined) {
      verdict = judgeDestination(destination, this.known, this.start.trustedHosts);
      this.verdicts.set(destination, verdict);
    }
    return verdict;
  }
}
