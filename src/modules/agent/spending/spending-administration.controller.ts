import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { IdPageQuery, toIdPage } from '../../../shared/http/id-page.js';
import { AlertListDto } from './alerts.dto.js';
import { SpendingService } from './spending.service.js';
import { toAlertDto, toSpendingSumDto, toUserSpendingDto } from './to-spending-dto.js';
import { SpendingByUserDto, SpendingByUserQuery } from './usage-records.dto.js';

@ApiTags('administration')
@RequirePermission('admin')
@Controller('admin')
export class SpendingAdministrationController {
  constructor(private readonly spending: SpendingService) {}

  @Get('usage')
  @ApiOperation({
    operationId: 'listSpendingByUser',
    summary: 'What each user spent, those who spent most first',
    description: 'A period has at most 93 days.',
  })
  @ApiOkResponse({ type: SpendingByUserDto })
  @ApiProblems(401, 403, 422)
  async byUser(@Query() query: SpendingByUserQuery): Promise<SpendingByUserDto> {
    const { period, users, hasMore, total } = await this.spending.byUser(query, query.limit ?? 100);
    return {
      from: period.from.toISOString(),
      to: period.to.toISOString(),
      users: users.map(toUserSpendingDto),
      has_more: hasMore,
      total: toSpendingSumDto(total),
    };
  }

  @Get('alerts')
  @ApiOperation({
    operationId: 'listAlerts',
    summary: 'Alerts about spending, newest first',
    description:
      'A budget that is used to 50, 80 or 100 per cent, and a day that costs more than three times the median of the ' +
      'user’s last 14 active days (from $1 and five such days on). Each is raised once per user and period.',
  })
  @ApiOkResponse({ type: AlertListDto })
  @ApiProblems(401, 403, 422)
  async alerts(@Query() query: IdPageQuery): Promise<AlertListDto> {
    const { items, nextCursor } = await this.spending.listAlerts(toIdPage(query));
    return { alerts: items.map(toAlertDto), next_cursor: nextCursor };
  }
}
