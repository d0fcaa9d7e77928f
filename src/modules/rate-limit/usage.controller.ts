import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../shared/context/principal.js';
import { ApiProblems } from '../../shared/errors/api-problems.decorator.js';
import { QuotaStandingDto } from './usage.dto.js';
import { UsageService } from './usage.service.js';

@ApiTags('usage')
@RequirePermission('agent:run')
@Controller('usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get()
  @ApiOperation({
    operationId: 'readUsage',
    summary: 'Where the caller stands: tier, windows and budgets',
    description: 'Asking takes nothing. What was used and what it cost in the past is at `/usage/records`.',
  })
  @ApiOkResponse({ type: QuotaStandingDto })
  @ApiProblems(401, 403, 503)
  async read(@CurrentPrincipal() principal: Principal): Promise<QuotaStandingDto> {
    return this.usage.of(principal);
  }
}
