import type { PinoLogger } from 'nestjs-pino';

/** A logger that keeps what it is told, whatever the level. */
export class KeptLog {
  readonly entries: Readonly<Record<string, unknown>>[] = [];
  readonly logger: PinoLogger;

  constructor() {
    const write = (entry: Readonly<Record<string, unknown>>): void => void this.entries.push(entry);
    this.logger = { debug: write, info: write, warn: write, error: write } as unknown as PinoLogger;
  }

  events(): unknown[] {
    return this.entries.map(({ event }) => event);
  }
}
