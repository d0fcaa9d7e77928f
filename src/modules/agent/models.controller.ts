import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { formatUsd, type PicoUsd } from '../../shared/money/usd.js';
import { MODEL_CLIENT, type ModelClient, type ModelInfo } from '../providers/index.js';
import { ModelDto, ModelListDto } from './models.dto.js';

const TOKENS_PER_PRICE = 1_000_000n;

@ApiTags('models')
@RequirePermission('models:read')
@Controller('models')
export class ModelsController {
  constructor(@Inject(MODEL_CLIENT) private readonly models: ModelClient) {}

  @Get()
  @ApiOperation({ operationId: 'listModels', summary: 'The models that may be asked for' })
  @ApiOkResponse({ type: ModelListDto })
  @ApiProblems(401, 403)
  list(): ModelListDto {
    return { models: this.models.list().map((model, index) => toModelDto(model, index === 0)) };
  }
}

function toModelDto(model: ModelInfo, isDefault: boolean): ModelDto {
  const { price } = model;
  return {
    id: model.id,
    provider: model.provider,
    is_default: isDefault,
    context_window: model.contextWindow ?? null,
    max_output_tokens: model.maxOutputTokens ?? null,
    price: price
      ? {
          input_per_million: perMillion(price.input),
          output_per_million: perMillion(price.output),
          cache_read_per_million: price.cacheRead === undefined ? null : perMillion(price.cacheRead),
          cache_write_per_million: price.cacheWrite === undefined ? null : perMillion(price.cacheWrite),
        }
      : null,
    supports_tools: model.capabilities.tools,
    supports_images: model.capabilities.images,
  };
}

function perMillion(perToken: PicoUsd): string {
  return formatUsd(perToken * TOKENS_PER_PRICE);
}
