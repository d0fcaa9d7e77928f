import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { schemaState, type SchemaState } from '../../database/migrate.js';

/** Asks the database whether it answers, and whether its schema is what this build was made for. */
@Injectable()
export class DatabaseHealthRepository {
  private isSchemaKnownGood = false;

  constructor(private readonly dataSource: DataSource) {}

  /** Throws when the database does not answer. A schema that was current once is not looked at again. */
  async state(): Promise<SchemaState> {
    if (this.isSchemaKnownGood) {
      await this.dataSource.query('SELECT 1');
      return 'current';
    }
    const state = await schemaState(this.dataSource);
    this.isSchemaKnownGood = state === 'current';
    return state;
  }
}
