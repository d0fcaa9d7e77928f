import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { type Ids, IDS } from '../../../../shared/context/ids.js';
import type { IdPage } from '../../../../shared/http/id-page.js';
import { AuditTrail } from '../../../observability/index.js';
import type { McpDefinition, SeenDefinition } from '../definitions/mcp-definition.js';
import { pinChanges, type PinState, type PinStatus, type PinTrust, type ToolPin } from './tool-pin.js';

interface PinRow {
  id: string;
  server: string;
  tool: string;
  hash: string;
  definition: McpDefinition;
  status: PinStatus;
  is_listed: boolean;
  first_seen_at: Date;
  last_seen_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
}

const STATE_COLUMNS = 'id, server, tool, hash, status, is_listed, last_seen_at';
const COLUMNS = `${STATE_COLUMNS}, definition, first_seen_at, decided_by, decided_at`;

export interface PinFilter {
  readonly status?: PinStatus;
  readonly server?: string;
}

export interface Decision {
  readonly status: 'approved' | 'rejected';
  readonly actorId: string;
  readonly requestId: string | undefined;
  readonly auditId: string;
  readonly now: Date;
}

/** Definitions of MCP tools that were seen, and what was decided about them. */
@Injectable()
export class ToolPinRepository {
  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  async states(servers: readonly string[]): Promise<PinState[]> {
    const rows = await this.dataSource.query<PinRow[]>(
      `SELECT ${STATE_COLUMNS} FROM tool_pin WHERE server = ANY($1)`,
      [servers],
    );
    return rows.map(toState);
  }

  /** What was in the lists of these servers when they were last read. */
  async listed(servers: readonly string[]): Promise<(SeenDefinition & { readonly server: string })[]> {
    return this.dataSource.query(
      `SELECT server, hash, definition FROM tool_pin WHERE server = ANY($1) AND is_listed ORDER BY server, tool`,
      [servers],
    );
  }

  /** Takes down what a server's list has now. Writes nothing when nothing changed. */
  async observe(server: string, seen: readonly SeenDefinition[], trust: PinTrust, now: Date): Promise<void> {
    const expected = pinChanges(await this.states([server]), seen, trust, now);
    if (expected.inserted.length === 0 && expected.updated.length === 0) return;
    await this.dataSource.transaction(async (manager) => {
      await lock(manager, server);
      const rows = await manager.query<PinRow[]>(`SELECT ${STATE_COLUMNS} FROM tool_pin WHERE server = $1`, [
        server,
      ]);
      const { inserted, updated } = pinChanges(rows.map(toState), seen, trust, now);
      const changes = updated.map(({ id, status, isListed }) => ({ id, status, is_listed: isListed }));
      // What makes room for a definition that is approved comes before it: one at a time may be.
      await this.update(
        manager,
        changes.filter(({ status }) => status !== 'approved'),
        now,
      );
      await this.update(
        manager,
        changes.filter(({ status }) => status === 'approved'),
        now,
      );
      await manager.query(
        `INSERT INTO tool_pin (id, server, tool, hash, definition, status, is_listed, first_seen_at, last_seen_at)
         SELECT id, $1, tool, hash, definition, status, true, $3, $3
           FROM jsonb_to_recordset($2) AS new (id uuid, tool text, hash text, definition jsonb, status text)`,
        [
          server,
          JSON.stringify(
            inserted.map(({ definition, hash, status }) => ({
              id: this.ids.next(),
              tool: definition.name,
              hash,
              definition,
              status,
            })),
          ),
          now,
        ],
      );
    });
  }

  private async update(manager: EntityManager, changes: readonly object[], now: Date): Promise<void> {
    if (changes.length === 0) return;
    await manager.query(
      `UPDATE tool_pin SET status = new.status, is_listed = new.is_listed,
              last_seen_at = CASE WHEN new.is_listed THEN $2 ELSE last_seen_at END
         FROM jsonb_to_recordset($1) AS new (id uuid, status text, is_listed boolean) WHERE tool_pin.id = new.id`,
      [JSON.stringify(changes), now],
    );
  }

  /** Newest first. */
  async findPage({ before, limit }: IdPage, { status, server }: PinFilter): Promise<ToolPin[]> {
    const rows = await this.dataSource.query<PinRow[]>(
      `SELECT ${COLUMNS} FROM tool_pin
        WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR server = $3)
        ORDER BY id DESC LIMIT $4`,
      [before ?? null, status ?? null, server ?? null, limit],
    );
    return rows.map(toPin);
  }

  /**
   * Decides about one definition, with its entry in the audit trail. An approved one takes the place of the tool's others,
   * those that wait included. `undefined`: there is no such pin. `isChanged` false: it was like this already.
   */
  decide(id: string, decision: Decision): Promise<{ pin: ToolPin; isChanged: boolean } | undefined> {
    const { status, actorId, requestId, auditId, now } = decision;
    return this.dataSource.transaction(async (manager) => {
      const [named] = await manager.query<PinRow[]>(`SELECT ${COLUMNS} FROM tool_pin WHERE id = $1`, [id]);
      if (!named) return undefined;
      await lock(manager, named.server);
      const [before] = await manager.query<PinRow[]>(
        `SELECT ${COLUMNS} FROM tool_pin WHERE id = $1 FOR UPDATE`,
        [id],
      );
      if (!before) return undefined;
      if (before.status === status) return { pin: toPin(before), isChanged: false };
      if (status === 'approved') {
        await manager.query(
          `UPDATE tool_pin SET status = 'superseded'
            WHERE server = $1 AND tool = $2 AND id <> $3 AND status IN ('approved', 'pending')`,
          [before.server, before.tool, id],
        );
      }
      await manager.query(`UPDATE tool_pin SET status = $2, decided_by = $3, decided_at = $4 WHERE id = $1`, [
        id,
        status,
        actorId,
        now,
      ]);
      const what = { server: before.server, tool: before.tool, hash: before.hash };
      await this.trail.record(
        {
          id: auditId,
          actorId,
          action: status === 'approved' ? 'tool_pin.approve' : 'tool_pin.reject',
          targetType: 'tool_pin',
          targetId: id,
          before: { status: before.status },
          details: { status, ...what },
          requestId,
          at: now,
        },
        manager,
      );
      return {
        pin: { ...toPin(before), status, decidedBy: actorId, decidedAt: now },
        isChanged: true,
      };
    });
  }
}

/** Whoever changes the pins of a server does it alone: replicas read its list at the same time. */
async function lock(manager: EntityManager, server: string): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('tool_pin:' || $1, 0))`, [server]);
}

function toState(row: PinRow): PinState {
  return {
    id: row.id,
    server: row.server,
    tool: row.tool,
    hash: row.hash,
    status: row.status,
    isListed: row.is_listed,
    lastSeenAt: row.last_seen_at,
  };
}

function toPin(row: PinRow): ToolPin {
  return {
    id: row.id,
    server: row.server,
    tool: row.tool,
    hash: row.hash,
    definition: row.definition,
    status: row.status,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
  };
}
