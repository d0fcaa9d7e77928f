export type Misbehaviour =
  | 'echo'
  | 'surroundings'
  | 'loops for ever'
  | 'fills its heap'
  | 'fills a wasm memory'
  | 'throws'
  | 'rejects later'
  | 'exits'
  | 'ends silently'
  | 'answers too much'
  | 'answers a cycle'
  | 'floods with answers'
  | 'prints'
  | 'waits';

/** A script whose work is its default export, and that takes a while to load. */
export const SLOW_TO_LOAD = new URL('./slow-to-load.worker.js', import.meta.url);

export const MISBEHAVING = new URL('./misbehaving.worker.js', import.meta.url);
