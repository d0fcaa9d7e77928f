import type { Problem } from './problem-catalog.js';

/** Carries a problem that was made elsewhere (at the end of a run) to the filter, which writes it as it is. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'ProblemError';
  }
}
