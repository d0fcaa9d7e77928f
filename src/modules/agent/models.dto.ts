import { ApiProperty } from '@nestjs/swagger';
import { PROVIDER_NAMES } from '../../config/providers.js';

export class ModelPriceDto {
  /** USD per million tokens, as decimal strings. */
  @ApiProperty({ example: '3.000000' })
  input_per_million!: string;

  @ApiProperty({ example: '15.000000' })
  output_per_million!: string;

  /** Null: charged as plain input. */
  @ApiProperty({ type: String, nullable: true, example: '0.300000' })
  cache_read_per_million!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '3.750000' })
  cache_write_per_million!: string | null;
}

export class ModelDto {
  @ApiProperty({ example: 'claude-sonnet-4-5' })
  id!: string;

  @ApiProperty({
    enum: PROVIDER_NAMES,
    example: 'anthropic',
  })
  provider!: string;

  @ApiProperty({ description: 'True for the model that answers when none is named.', example: true })
  is_default!: boolean;

  /** Tokens; null where it is unknown. */
  @ApiProperty({ type: Number, nullable: true, example: 200000 })
  context_window!: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 64000 })
  max_output_tokens!: number | null;

  /** Null: unknown, which is not free. */
  @ApiProperty({ type: ModelPriceDto, nullable: true })
  price!: ModelPriceDto | null;

  @ApiProperty({ example: true })
  supports_tools!: boolean;

  @ApiProperty({ example: true })
  supports_images!: boolean;
}

export class ModelListDto {
  @ApiProperty({ type: [ModelDto] })
  models!: ModelDto[];
}
