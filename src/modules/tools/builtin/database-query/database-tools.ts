import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { DatabaseConfig, ToolsConfig } from '../../../../config/app-config.js';
import { CLOCK, type Clock } from '../../../../shared/context/clock.js';
import type { Tool, ToolSource } from '../../tool.js';
import { databaseQueryTool } from './database-query.tool.js';
import { ExampleDatabaseRepository } from './example-database.repository.js';
import { EXAMPLE_SCHEMA } from './example-schema.js';
import { SqlParser } from './sql-parser.js';
import { ToolDatabase } from './tool-database.js';

/** `database_query`: on the application database that is configured, or on the example in Perch's own. */
@Injectable()
export class DatabaseTools implements ToolSource, OnModuleInit, OnApplicationShutdown {
  private all: readonly Tool[] = [];
  private database: ToolDatabase | undefined;

  constructor(
    private readonly config: ToolsConfig,
    private readonly own: DatabaseConfig,
    private readonly example: ExampleDatabaseRepository,
    private readonly parser: SqlParser,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  tools(): readonly Tool[] {
    return this.all;
  }

  /** Where the role cannot be made the tool is not there, and all else is. */
  async onModuleInit(): Promise<void> {
    const { url, schemas, ...limits } = this.config.database;
    if (url) return this.open({ url: url.reveal(), schemas, ...limits });
    if (!this.config.database.isExampleEnabled) return;
    try {
      const { name, password } = await this.example.prepare(this.own.isEmbedded);
      const roleUrl = new URL(this.own.url!.reveal());
      roleUrl.username = name;
      roleUrl.password = password;
      this.open({ url: roleUrl.href, schemas: [EXAMPLE_SCHEMA], ...limits });
    } catch (error) {
      this.logger.warn({
        event: 'agent.tool.example_database_missing',
        tool_name: 'database_query',
        err: error,
      });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database?.close();
  }

  private open(options: {
    url: string;
    schemas: readonly string[];
    timeoutMs: number;
    maxRows: number;
    maxBytes: number;
  }): void {
    const { schemas } = options;
    this.database = new ToolDatabase(options);
    const { database, parser, clock, logger } = this;
    this.all = [databaseQueryTool({ database, schemas, parser, clock, logger })];
  }
}
