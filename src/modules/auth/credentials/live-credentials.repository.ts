import { Injectable } from '@nestjs/common';
import { ControlConnection } from '../../../database/control-connection.js';
import type { Credential } from '../../../shared/context/credential.js';

/** On the control connection: whether somebody is still let in must not wait behind requests. */
@Injectable()
export class LiveCredentialsRepository {
  constructor(private readonly control: ControlConnection) {}

  /** Those of them that were revoked, or whose account is disabled or gone. That they have expired does not matter. */
  async revoked(credentials: readonly Credential[]): Promise<ReadonlySet<string>> {
    const rows = await this.control.query<{ id: string }>(
      `SELECT c.id FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS c(kind, id, user_id)
        WHERE NOT EXISTS (
          SELECT 1 FROM user_account a
           WHERE a.id = c.user_id AND a.disabled_at IS NULL
             AND CASE c.kind
                   WHEN 'session' THEN
                     EXISTS (SELECT 1 FROM refresh_token t WHERE t.family_id = c.id AND t.user_id = a.id)
                     AND NOT EXISTS (SELECT 1 FROM refresh_token t WHERE t.family_id = c.id AND t.revoked_at IS NOT NULL)
                   WHEN 'api-key' THEN EXISTS (SELECT 1 FROM api_key k WHERE k.id = c.id AND k.user_id = a.id)
                   ELSE true
                 END)`,
      [
        credentials.map(({ kind }) => kind),
        credentials.map(({ id }) => id),
        credentials.map(({ userId }) => userId),
      ],
    );
    return new Set(rows.map(({ id }) => id));
  }
}
