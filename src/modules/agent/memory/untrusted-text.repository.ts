import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Whether a model has read what strangers wrote. */
@Injectable()
export class UntrustedTextRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * True when a tool other than `trustedTools` has answered in the conversation of this run, or a fact that came from such
   * text was there to be shown. A tool that is not known any more is not trusted.
   */
  async mayBeIn(userId: string, runId: string, trustedTools: readonly string[]): Promise<boolean> {
    const [row] = await this.dataSource.query<{ any: boolean }[]>(
      `SELECT EXISTS (
                SELECT 1 FROM run r JOIN run o ON o.conversation_id = r.conversation_id
                  JOIN step s ON s.run_id = o.id AND s.kind = 'tool' AND s.status IN ('done', 'error')
                 WHERE r.id = $2 AND r.user_id = $1 AND s.tool_name <> ALL ($3::text[]))
              OR EXISTS (SELECT 1 FROM user_memory WHERE user_id = $1 AND is_tainted) AS any`,
      [userId, runId, trustedTools],
    );
    return row!.any;
  }
}
