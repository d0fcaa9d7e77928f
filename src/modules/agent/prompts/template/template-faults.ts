import type { Token } from 'liquidjs';

/** More are not told: the first ones explain the others. */
const MAX_FAULTS = 20;

/** What is wrong with a template, with the place. */
export class TemplateFaults {
  private readonly details: string[] = [];

  get all(): readonly string[] {
    return this.details;
  }

  add(token: Pick<Token, 'getPosition'>, what: string): void {
    if (this.details.length < MAX_FAULTS) this.details.push(`${placeOf(token)}: ${what}`);
  }

  /** Without a place. */
  addOf(what: string): void {
    if (this.details.length < MAX_FAULTS) this.details.push(what);
  }
}

export function placeOf(token: Pick<Token, 'getPosition'>): string {
  const [line = 1, column = 1] = token.getPosition();
  return `line ${line}, column ${column}`;
}
