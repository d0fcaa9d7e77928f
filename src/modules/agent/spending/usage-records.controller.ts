import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { SpendingService } from './spending.service.js';
import { toSpendingSumDto, toUsageRecordDto } from './to-spending-dto.js';
import { UsageRecordsDto, UsageRecordsQuery } from './usage-records.dto.js';

@ApiTags('usage')
@RequirePermission('agent:run')
@Controller('usage/records')
export class UsageRecordsController {
  constructor(private readonly spending: SpendingService) {}

  @Get()
  @ApiOperation({
    operationId: 'listUsageRecords',
    summary: 'What the caller used and what it cost',
    description:
      'From the ledger, which has every model call, also of conversations that were erased. A period has at most 366 days.',
  })
  @ApiOkResponse({ type: UsageRecordsDto })
  @ApiProblems(401, 403, 422)
  async list(
    @CurrentPrincipal() { userId }: Principal,
    @Query() query: UsageRecordsQuery,
  ): Promise<UsageRecordsDto> {
    const groupBy = query.group_by ?? 'day';
    const { period, spending } = await this.spending.ofUser(userId, query, groupBy);
    return {
      from: period.from.toISOString(),
      to: period.to.toISOString(),
      group_by: groupBy,
      records: spending.groups.map(toUsageRecordDto),
      total: toSpendingSumDto(spending.total),
    };
  }
}
