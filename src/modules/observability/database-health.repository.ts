import { Injectable } from '@nestjs/common';
import { ControlConnection } from '../../database/control-connection.js';
import { schemaState, type SchemaState } from '../../database/migrate.js';

/**
 * Asks the database whether it answers, and whether its schema is what this build was made for. Not through the pool: that
 * all of its connections are busy does not mean that this process should get no more requests.
 */
@Injectable()
export class DatabaseHealthRepository {
  private isSchemaKnownGood = false;

  constructor(private readonly control: ControlConnection) {}

  /** Throws when the database does not answer. A schema that was current once is not looked at again. */
  async state(): Promise<SchemaState> {
    if (this.isSchemaKnownGood) {
      await this.control.query('SELECT 1');
      return 'current';
    }
    const state = await schemaState(this.control);
    this.isSchemaKnownGood = state === 'current';
    return state;
  }
}
