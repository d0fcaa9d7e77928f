import { Injectable } from '@nestjs/common';
import { ControlConnection } from '../../../database/control-connection.js';

/** Heartbeat rows. All times are the database's, so that clocks of processes do not matter. */
@Injectable()
export class WorkerLeaseRepository {
  constructor(private readonly control: ControlConnection) {}

  /** Makes the row, or renews its lease. */
  async beat(workerId: string, host: string, leaseSeconds: number): Promise<void> {
    await this.control.query(
      `INSERT INTO worker (id, host, started_at, lease_until)
       VALUES ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))
       ON CONFLICT (id) DO UPDATE SET lease_until = EXCLUDED.lease_until`,
      [workerId, host, leaseSeconds],
    );
  }

  async remove(workerId: string): Promise<void> {
    await this.control.query(`DELETE FROM worker WHERE id = $1`, [workerId]);
  }

  /** Forgets workers that are gone and own nothing any more. */
  async removeDead(workerId: string, othersAreGone: boolean): Promise<void> {
    await this.control.query(
      `DELETE FROM worker w WHERE w.id <> $1 AND (w.lease_until < clock_timestamp() OR $2)
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.owner = w.id AND r.status = 'running')`,
      [workerId, othersAreGone],
    );
  }

  /** How many workers hold a lease now. */
  async countLive(): Promise<number> {
    const [row] = await this.control.query<{ count: string }>(
      `SELECT count(*) FROM worker WHERE lease_until > clock_timestamp()`,
    );
    return Number(row!.count);
  }
}
