/** What the global setup made and the global teardown has to undo. Both run in the same process. */
const undo = [];

export function stopLater(stop) {
  undo.push(stop);
}

/** In the opposite order. */
export async function stopAll() {
  for (const stop of undo.splice(0).reverse()) await stop();
}
