import type { ModelCallEvent, ModelInfo } from '../../providers/index.js';

/** Of the text in UTF-8 with what each piece costs: larger answers are not kept. */
const MAX_BYTES = 256 * 1024;
const PIECE_BYTES = 4;

/** Watches an answer go by and says whether it may be given again: complete, text alone, by the model that was asked for. */
export class KeptAnswer {
  private pieces: string[] | undefined = [];
  private bytes = 0;
  private isComplete = false;

  constructor(private readonly asked: ModelInfo) {}

  observe(event: ModelCallEvent): void {
    switch (event.type) {
      case 'model':
        if (event.model.id !== this.asked.id) this.pieces = undefined;
        break;
      case 'text-delta':
        this.bytes += Buffer.byteLength(event.delta) + PIECE_BYTES;
        if (this.bytes > MAX_BYTES) this.pieces = undefined;
        else this.pieces?.push(event.delta);
        break;
      case 'tool-call':
        this.pieces = undefined;
        break;
      case 'finish':
        this.isComplete = event.finishReason === 'stop';
        break;
      // What the model thought is not part of the answer.
      case 'start':
      case 'reasoning':
      case 'reasoning-delta':
        break;
    }
  }

  /** `undefined`: it may not. */
  get answer(): { readonly pieces: readonly string[] } | undefined {
    return this.isComplete && this.pieces?.some((piece) => piece !== '')
      ? { pieces: this.pieces }
      : undefined;
  }
}
