import { createHash } from 'node:crypto';
import type { Rollout } from './prompt.js';

/** Whether a user belongs to the share: always the same users, others for every prompt, more of them as it grows. */
export function isInRollout(
  userId: string,
  promptName: string,
  { percent }: Pick<Rollout, 'percent'>,
): boolean {
  const place = createHash('sha256').update(`${promptName}\n${userId}`).digest().readUInt32BE(0);
  return place < (percent / 100) * 2 ** 32;
}
