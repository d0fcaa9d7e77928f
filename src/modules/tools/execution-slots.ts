import { Injectable } from '@nestjs/common';
import { ToolsConfig } from '../../config/app-config.js';
import { type ReleaseSlot, Slots } from '../../shared/resilience/slots.js';

/** Longer than this nobody waits for a place: the caller hears that the tools are busy. */
const MAX_WAIT_MS = 5_000;
/** Callers that may wait for each place there is. */
const WAITING_PER_SLOT = 16;

/** The executions that go on in this process at the same time: so many, and a bounded line behind them. */
@Injectable()
export class ExecutionSlots {
  private readonly slots: Slots;

  constructor({ processConcurrency }: ToolsConfig) {
    this.slots = new Slots(processConcurrency, processConcurrency * WAITING_PER_SLOT);
  }

  /** Resolves to what gives the place back, or to `undefined` when there was none in time. */
  acquire(signal: AbortSignal): Promise<ReleaseSlot | undefined> {
    return this.slots.acquire(signal, MAX_WAIT_MS);
  }
}
