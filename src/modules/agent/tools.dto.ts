import { ApiProperty } from '@nestjs/swagger';

export class ToolDto {
  @ApiProperty({ example: 'calculator' })
  name!: string;

  /** As the model reads it. */
  @ApiProperty({ example: 'Evaluates an arithmetic expression exactly.' })
  description!: string;

  /** JSON Schema of the parameters. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: {
      type: 'object',
      properties: { expression: { type: 'string' } },
      required: ['expression'],
      additionalProperties: false,
    },
  })
  input_schema!: unknown;

  /** What it may do to the world: nothing, change something, or send data out. */
  @ApiProperty({ enum: ['read', 'write', 'egress'], example: 'read' })
  side_effect!: 'read' | 'write' | 'egress';
}

export class ToolListDto {
  @ApiProperty({ type: [ToolDto] })
  tools!: ToolDto[];
}

export class ToolExecutionDto {
  @ApiProperty({ example: 'calculator' })
  tool_name!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { value: 105 } })
  result!: unknown;

  @ApiProperty({ example: 1.2 })
  duration_ms!: number;
}
