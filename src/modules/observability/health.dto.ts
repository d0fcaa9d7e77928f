import { ApiProperty } from '@nestjs/swagger';

export class LiveDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

export class ReadyDto extends LiveDto {
  /** What was asked, and that it answered. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { database: 'up', redis: 'up' },
  })
  checks!: Record<string, string>;
}

export class MetadataDto {
  @ApiProperty({ example: 'perch' })
  name!: string;

  @ApiProperty({ example: '0.1.0' })
  version!: string;

  @ApiProperty({ enum: ['development', 'test', 'production'], example: 'production' })
  environment!: string;
}
