import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';

export class ToolCredentialBody {
  /** Sent to the server as `Authorization: Bearer`. It cannot be read again. */
  @ApiProperty({
    type: String,
    minLength: 1,
    maxLength: 4096,
    writeOnly: true,
    example: 'mcp-0f3c1a2b7d9e84c65',
  })
  @Matches(/^[\x21-\x7e]{1,4096}$/, { message: 'must be 1 to 4096 visible ASCII characters without spaces' })
  credential!: string;
}

export class ToolCredentialDto {
  /** The MCP server. */
  @ApiProperty({ example: 'tickets' })
  server!: string;

  /** `null`: the caller has stored none. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-25T09:30:00.000Z' })
  updated_at!: string | null;
}

export class ToolCredentialListDto {
  /** The servers that tools are called on with the user’s own credential. */
  @ApiProperty({ type: [ToolCredentialDto] })
  credentials!: ToolCredentialDto[];
}
