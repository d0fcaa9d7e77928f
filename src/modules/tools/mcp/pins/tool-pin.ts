import type { McpDefinition, SeenDefinition } from '../definitions/mcp-definition.js';

/**
 * `approved`: may be offered. `pending`: an administrator has to decide. `rejected`: never offered. `superseded`: was
 * approved, or was waiting, when another definition of the tool was approved; not offered when the server shows it again.
 */
export const PIN_STATUSES = ['approved', 'pending', 'rejected', 'superseded'] as const;
export type PinStatus = (typeof PIN_STATUSES)[number];

/** A definition of a tool that was seen, and what was decided about it. */
export interface ToolPin {
  readonly id: string;
  readonly server: string;
  /** The server's own name of it. */
  readonly tool: string;
  readonly hash: string;
  readonly definition: McpDefinition;
  readonly status: PinStatus;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  /** `null`: nobody decided; it was trusted at first sight, or still waits. */
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
}

/** What is needed to decide whether a tool may be offered. */
export type PinState = Pick<ToolPin, 'id' | 'server' | 'tool' | 'hash' | 'status' | 'lastSeenAt'> & {
  /** Whether it was in the server's list when that was last read. */
  readonly isListed: boolean;
};

export interface PinTrust {
  /** A tool that was never seen before is approved. */
  readonly onFirstUse: boolean;
  /** So is one that changed. */
  readonly changes: boolean;
}

export interface PinChanges {
  readonly inserted: readonly (SeenDefinition & { readonly status: PinStatus })[];
  readonly updated: readonly {
    readonly id: string;
    readonly status: PinStatus;
    readonly isListed: boolean;
  }[];
}

/** Definitions of one server beyond these are not kept, and so never offered: a server could make up new ones for ever. */
const MAX_PINS = 2_000;
/** So many definitions of a tool may wait: one that changes all the time is held back in any case. */
const MAX_WAITING = 5;
/** `last_seen_at` is for people: to the hour is enough. */
const SEEN_AGAIN_MS = 3_600_000;

/** What a reading of the server's list changes in its pins. Approves nothing that an administrator has to see. */
export function pinChanges(
  pins: readonly PinState[],
  seen: readonly SeenDefinition[],
  trust: PinTrust,
  now: Date,
): PinChanges {
  const byTool = Map.groupBy(pins, ({ tool }) => tool);
  const inserted: PinChanges['inserted'][number][] = [];
  const updated = new Map<string, PinChanges['updated'][number]>();
  const listed = new Set<string>();
  for (const definition of seen) {
    const { name } = definition.definition;
    const known = byTool.get(name) ?? [];
    const pin = known.find(({ hash }) => hash === definition.hash);
    if (pin) listed.add(pin.id);
    // An administrator's no stands, whatever the operator trusts.
    const isReplacing = trust.changes && pin?.status !== 'approved' && pin?.status !== 'rejected';
    if (pin && !isReplacing) {
      if (!pin.isListed || now.getTime() - pin.lastSeenAt.getTime() > SEEN_AGAIN_MS)
        updated.set(pin.id, { id: pin.id, status: pin.status, isListed: true });
      continue;
    }
    const status = isReplacing || (trust.onFirstUse && known.length === 0) ? 'approved' : 'pending';
    if (status === 'approved') {
      for (const { id, status: old } of known) {
        if (old === 'approved' || old === 'pending')
          updated.set(id, { id, status: 'superseded', isListed: false });
      }
    }
    if (pin) updated.set(pin.id, { id: pin.id, status, isListed: true });
    else if (pins.length + inserted.length < MAX_PINS && !hasEnoughWaiting(known))
      inserted.push({ ...definition, status });
  }
  for (const { id, isListed, status } of pins) {
    if (isListed && !listed.has(id) && !updated.has(id)) updated.set(id, { id, status, isListed: false });
  }
  return { inserted, updated: [...updated.values()] };
}

function hasEnoughWaiting(pins: readonly PinState[]): boolean {
  return pins.filter(({ status }) => status === 'pending').length >= MAX_WAITING;
}

/**
 * The definition of each tool that may be offered, as hash by tool. A tool of which another definition waits is held back
 * altogether, also where a server still shows the old one: somebody has to look first.
 */
export function offeredHashes(pins: readonly PinState[]): ReadonlyMap<string, string> {
  const waiting = new Set(pins.filter(({ status }) => status === 'pending').map(({ tool }) => tool));
  return new Map(
    pins
      .filter(({ status, tool }) => status === 'approved' && !waiting.has(tool))
      .map(({ tool, hash }) => [tool, hash]),
  );
}
