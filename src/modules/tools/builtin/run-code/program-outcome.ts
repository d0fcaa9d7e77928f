import type { JsonValue } from '../../../../shared/llm/json.js';

/** What a program is run with. */
export interface Program {
  readonly code: string;
  /** As JSON; empty for none. */
  readonly dataJson: string;
  readonly timeoutMs: number;
  /** Of everything that it makes. */
  readonly memoryMb: number;
}

/** What a program came to. */
export type ProgramOutcome =
  | {
      readonly kind: 'done';
      readonly result: JsonValue;
      /** Left out when nothing was printed. */
      readonly logs?: string;
      /** Present when the result or the logs were cut. A cut result is the beginning of its JSON text. */
      readonly truncated?: true;
    }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly line?: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'memory' };
