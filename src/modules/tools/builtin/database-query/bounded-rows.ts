import type { JsonValue } from '../../../../shared/llm/json.js';
import { toJsonCell } from './to-json-cell.js';

/** What a model is shown of one result, as JSON; more would be cut elsewhere, without regard to rows. */
const MAX_RESULT_BYTES = 48_000;
const MAX_CELL_LENGTH = 8_000;

/** Collects rows until there are enough of them, or enough of what is in them. */
export class BoundedRows {
  readonly rows: JsonValue[][] = [];
  /** Rows are missing, or values were cut. */
  isTruncated = false;
  isFull = false;
  private bytes = 0;

  constructor(private readonly maxRows: number) {}

  add(row: readonly (string | null)[], typeIds: readonly number[]): void {
    if (this.isFull) return;
    const maxLength = Math.min(MAX_CELL_LENGTH, Math.floor(MAX_RESULT_BYTES / (row.length * 4)) + 100);
    const cells = row.map((text, index) => this.bounded(text, typeIds[index]!, maxLength));
    const bytes = Buffer.byteLength(JSON.stringify(cells));
    if (
      this.rows.length === this.maxRows ||
      (this.rows.length > 0 && this.bytes + bytes > MAX_RESULT_BYTES)
    ) {
      this.isFull = true;
      this.isTruncated = true;
      return;
    }
    this.bytes += bytes;
    this.rows.push(cells);
  }

  private bounded(text: string | null, typeId: number, maxLength: number): JsonValue {
    if (text === null || text.length <= maxLength) return toJsonCell(text, typeId);
    this.isTruncated = true;
    return `${text.slice(0, maxLength).toWellFormed()}…`;
  }
}
