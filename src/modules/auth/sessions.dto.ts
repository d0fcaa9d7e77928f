import { ApiProperty } from '@nestjs/swagger';

export class SessionDto {
  @ApiProperty({ format: 'uuid', example: '0193ab3f-2a00-7000-8000-5c6d7e8f9a0b' })
  id!: string;

  /** What the program that began or last renewed it says of itself. */
  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (X11; Linux x86_64)' })
  client!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-24T09:30:00.000Z' })
  created_at!: string;

  /** When its tokens were last renewed. */
  @ApiProperty({ format: 'date-time', example: '2026-11-24T11:45:00.000Z' })
  renewed_at!: string;

  /** When it ends unless it is renewed. */
  @ApiProperty({ format: 'date-time', example: '2026-12-24T11:45:00.000Z' })
  expires_at!: string;

  /** The session of this request. */
  @ApiProperty({ example: true })
  is_current!: boolean;
}

export class SessionListDto {
  /** Newest first. */
  @ApiProperty({ type: [SessionDto] })
  sessions!: SessionDto[];
}
