import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { GuardrailService } from './guardrail.service.js';
import { GuardrailCheckBody, GuardrailCheckDto } from './guardrails.dto.js';

@ApiTags('guardrails')
@RequirePermission('guardrails:check')
@Controller('guardrails')
export class GuardrailsController {
  constructor(private readonly guardrail: GuardrailService) {}

  @Post('check')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'checkText',
    summary: 'What the input guardrail says of a text',
    description: 'The same judgement that a message gets before its run. Nothing is stored.',
  })
  @ApiOkResponse({ type: GuardrailCheckDto })
  @ApiProblems(400, 401, 403, 413, 415, 422)
  async check(@Body() { text, origin }: GuardrailCheckBody): Promise<GuardrailCheckDto> {
    const { verdict, score, reasons } = await this.guardrail.check(text, origin);
    return { verdict, score: Number(score.toFixed(4)), reasons: [...reasons] };
  }
}
