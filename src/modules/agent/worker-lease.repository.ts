import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Heartbeat rows. All times are the database's, so that clocks of processes do not matter. */
@Injectable()
export class WorkerLeaseRepository {
  constructor(private readonly dataSource: DataSource) {}

  async register(workerId: string, host: string, leaseSeconds: number): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO worker (id, host, started_at, lease_until)
       VALUES ($1, $2, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))`,
      [workerId, host, leaseSeconds],
    );
  }

  /** False: the row is gone, this worker was given up. */
  async renew(workerId: string, leaseSeconds: number): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE worker SET lease_until = clock_timestamp() + make_interval(secs => $2) WHERE id = $1`,
      [workerId, leaseSeconds],
    );
    return count > 0;
  }

  async remove(workerId: string): Promise<void> {
    await this.dataSource.query(`DELETE FROM worker WHERE id = $1`, [workerId]);
  }

  /**
   * Fails the runs whose worker's lease ran out, and tells their ids. The epoch grows, so a worker that was only slow
   * writes nothing more. With `othersAreGone` every other worker counts as dead (one process per embedded database).
   */
  async failOrphans(workerId: string, othersAreGone: boolean, problem: unknown): Promise<string[]> {
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      `UPDATE run SET status = 'failed', stop_reason = 'error', epoch = epoch + 1, error = $3::jsonb,
              ended_at = clock_timestamp()
        WHERE id IN (
          SELECT r.id FROM run r LEFT JOIN worker w ON w.id = r.owner
           WHERE r.status = 'running' AND r.owner IS DISTINCT FROM $1
             AND (w.id IS NULL OR w.lease_until < clock_timestamp() OR $2)
           FOR UPDATE OF r SKIP LOCKED)
       RETURNING id`,
      [workerId, othersAreGone, JSON.stringify(problem)],
    );
    await this.dataSource.query(
      `DELETE FROM worker w WHERE w.id <> $1 AND (w.lease_until < clock_timestamp() OR $2)
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.owner = w.id AND r.status = 'running')`,
      [workerId, othersAreGone],
    );
    return rows.map((row) => row.id);
  }
}
