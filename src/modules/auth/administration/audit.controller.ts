import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { CurrentPrincipal } from '../../../shared/access/current-principal.decorator.js';
import { RequirePermission } from '../../../shared/access/require-permission.decorator.js';
import type { Principal } from '../../../shared/context/principal.js';
import { requestContext } from '../../../shared/context/request-context.js';
import { ApiProblems } from '../../../shared/errors/api-problems.decorator.js';
import { readIdPage, toIdPage } from '../../../shared/http/id-page.js';
import { AuditChain, AuditSealer, AuditTrail } from '../../observability/index.js';
import { AuditListDto, AuditVerdictDto, ListAuditQuery, VerifyAuditQuery } from './audit.dto.js';
import { toAuditEntryDto, toAuditVerdictDto } from './to-audit-dto.js';

const NDJSON = 'application/x-ndjson';
/** An export takes seconds; a reader that takes longer than this does not read. */
const EXPORT_TIMEOUT_MS = 600_000;

@ApiTags('administration')
@RequirePermission('admin')
@Controller('admin/audit')
export class AuditController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly sealer: AuditSealer,
    private readonly chain: AuditChain,
    private readonly logger: PinoLogger,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listAuditEntries', summary: 'Who did what, newest first' })
  @ApiOkResponse({ type: AuditListDto })
  @ApiProblems(401, 403, 422)
  async list(@Query() query: ListAuditQuery): Promise<AuditListDto> {
    const page = toIdPage(query);
    await this.sealer.sealNow();
    const filter = {
      ...(query.action === undefined ? {} : { action: query.action }),
      ...(query.actor_id === undefined ? {} : { actorId: query.actor_id }),
    };
    const { items, nextCursor } = await readIdPage(page, (asked) => this.trail.findPage(asked, filter));
    return { entries: items.map(toAuditEntryDto), next_cursor: nextCursor };
  }

  @Get('export')
  @ApiOperation({
    operationId: 'exportAuditTrail',
    summary: 'The whole trail, to be kept and checked elsewhere',
    description:
      'One entry a line in the order of the chain, with the ids of people and no address of theirs; the last line is ' +
      '`{"head": {"seq", "hash"}}`, and an export without it is not whole. `npm run audit:verify -- FILE` checks it without ' +
      'the installation.',
  })
  @ApiProduces(NDJSON)
  @ApiOkResponse({ description: 'The entries, and the head of the chain.', schema: { type: 'string' } })
  @ApiProblems(401, 403)
  async export(@CurrentPrincipal() { userId }: Principal, @Res() response: Response): Promise<void> {
    await this.trail.record({
      actorId: userId,
      action: 'audit.export',
      targetType: 'user',
      targetId: userId,
      details: {},
      requestId: requestContext.current()?.requestId,
    });
    const lines = await this.chain.export();
    response.writeHead(200, {
      'content-type': `${NDJSON}; charset=utf-8`,
      'content-disposition': 'attachment; filename="audit.ndjson"',
    });
    try {
      const signal = AbortSignal.timeout(EXPORT_TIMEOUT_MS);
      await pipeline(Readable.from(lines), response, { signal });
    } catch (error) {
      // The connection is closed by now, and the file has no last line.
      this.logger.warn({ event: 'audit.export_broken_off', err: error });
    }
  }

  @Get('verify')
  @ApiOperation({
    operationId: 'verifyAuditTrail',
    summary: 'Check that no entry was changed or removed',
    description:
      'Computes the hashes again from behind `after_seq`, at most `limit` entries of them; `next_after_seq` says where to go ' +
      'on. Whoever can write into the database could forge all of it: compare `head` with an earlier export, or with the ' +
      '`audit.head` lines of the log.',
  })
  @ApiOkResponse({ type: AuditVerdictDto })
  @ApiProblems(401, 403, 422)
  async verify(@Query() { after_seq: afterSeq = 0, limit }: VerifyAuditQuery): Promise<AuditVerdictDto> {
    return toAuditVerdictDto(await this.chain.verify(afterSeq, limit));
  }
}
