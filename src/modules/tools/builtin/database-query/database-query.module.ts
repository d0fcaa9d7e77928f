import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseTools } from './database-tools.js';
import { ExampleDatabaseRepository } from './example-database.repository.js';
import { InstallationSecretEntity } from './installation-secret.entity.js';
import { SqlParser } from './sql-parser.js';

/** The `database_query` tool with what it needs. */
@Module({
  imports: [TypeOrmModule.forFeature([InstallationSecretEntity])],
  providers: [DatabaseTools, ExampleDatabaseRepository, SqlParser],
  exports: [DatabaseTools],
})
export class DatabaseQueryModule {}
