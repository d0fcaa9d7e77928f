/** What the global setup started and the global teardown has to stop. Both run in the same process. */
const started: (() => Promise<void>)[] = [];

export function stopLater(stop: () => Promise<void>): void {
  started.push(stop);
}

export async function stopAll(): Promise<void> {
  for (const stop of started.splice(0).reverse()) await stop();
}
