import { setTimeout as wait } from 'node:timers/promises';

/** Waits for something to become true; fails the test when it does not within `withinMs`. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`It did not become true within ${withinMs} ms: ${condition.toString()}`);
    await wait(10);
  }
}
