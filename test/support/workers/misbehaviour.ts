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

export const MISBEHAVING = new URL('./misbehaving.worker.js', import.meta.url);
