import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ExportSource } from './export-sources.js';

/** Rows per read: a bound on what one export holds in memory. */
const PAGE = 50;

export interface ExportedRow {
  readonly id?: string;
  readonly [column: string]: unknown;
}

export interface ExportPage {
  readonly rows: readonly ExportedRow[];
  /** Where the next page begins. `undefined`: this was the last. */
  readonly after?: readonly string[];
}

/** Reads what there is of a user, page by page. All names in the statements come from `export-sources.ts`. */
@Injectable()
export class AccountExportRepository {
  constructor(private readonly dataSource: DataSource) {}

  async page(
    userId: string,
    { table, where, key }: ExportSource,
    parentId: string | undefined,
    after: readonly string[] | undefined,
  ): Promise<ExportPage> {
    const columns = key.map(([column]) => `t.${column}`).join(', ');
    // As text, so that no precision is lost on the way there and back.
    const place = key.map(([column]) => `t.${column}::text`).join(', ');
    const parameters: unknown[] = [userId, ...(parentId === undefined ? [] : [parentId])];
    const beyond = key.map(([, type], index) => `$${parameters.length + index + 1}::${type}`).join(', ');
    const rows = await this.dataSource.query<(ExportedRow & { readonly _place: string[] })[]>(
      `SELECT t.*, ARRAY[${place}] AS _place FROM ${table} t
        WHERE ${where} ${after ? `AND (${columns}) > (${beyond})` : ''}
        ORDER BY ${columns} LIMIT ${PAGE}`,
      [...parameters, ...(after ?? [])],
    );
    const last = rows.at(-1);
    return {
      rows: rows.map(({ _place, ...row }) => row),
      ...(rows.length === PAGE && last ? { after: last._place } : {}),
    };
  }
}
