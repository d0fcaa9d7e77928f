/**
 * Changes a text while it streams. What comes out depends on the text alone, never on how it was cut into deltas:
 * `push` keeps back what cannot be decided yet, and `end` decides the rest. Nothing is pushed after `end`.
 */
export interface TextStage {
  push(delta: string): string;
  end(): string;
}

/** A whole text through a stage. */
export function filterWhole(stage: TextStage, text: string): string {
  return stage.push(text) + stage.end();
}
