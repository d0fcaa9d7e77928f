import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { isUuid } from '../context/ids.js';
import { validationFailed } from '../errors/app-error.js';

const DEFAULT_LIMIT = 50;

/** Query of a list that is ordered by its UUIDv7, newest first. */
export class IdPageQuery {
  /** From `next_cursor` of the page before. */
  @ApiPropertyOptional({ example: 'MDE5M2FiNDAtN2MxZS03MDAwLTgwMDAtM2YyYTUxYjBjOWQx' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  cursor?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: DEFAULT_LIMIT, example: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;
}

/** What a repository is asked for: entries older than `before`, at most `limit`. */
export interface IdPage {
  readonly before?: string;
  readonly limit: number;
}

/** Throws `validation_failed` for a cursor that is none. */
export function toIdPage({ cursor, limit = DEFAULT_LIMIT }: IdPageQuery): IdPage {
  if (cursor === undefined) return { limit };
  const before = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!isUuid(before))
    throw validationFailed([{ pointer: '/cursor', detail: 'is not a cursor of this list' }]);
  return { before, limit };
}

/** Reads one entry more than asked for, so as to know whether there is a next page. */
export async function readIdPage<T extends { readonly id: string }>(
  { limit, ...rest }: IdPage,
  find: (page: IdPage) => Promise<readonly T[]>,
): Promise<{ readonly items: readonly T[]; readonly nextCursor: string | null }> {
  const found = await find({ ...rest, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    nextCursor: found.length > limit && last ? Buffer.from(last.id).toString('base64url') : null,
  };
}
