import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProcessConfig } from '../../config/app-config.js';
import { Public } from '../../shared/access/public.decorator.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { MetadataDto } from './health.dto.js';

@ApiTags('operations')
@Public()
@Controller('metadata')
export class MetadataController {
  constructor(private readonly config: ProcessConfig) {}

  @Get()
  @ApiOperation({ operationId: 'metadata', summary: 'Name, version and environment' })
  @ApiOkResponse({ type: MetadataDto })
  @ApiProblems(400)
  metadata(): MetadataDto {
    return { name: 'perch', version: this.config.version, environment: this.config.environment };
  }
}
