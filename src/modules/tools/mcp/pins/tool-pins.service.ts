import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CLOCK, type Clock } from '../../../../shared/context/clock.js';
import { type Ids, IDS, isUuid } from '../../../../shared/context/ids.js';
import { notFound } from '../../../../shared/errors/app-error.js';
import { type IdPage, readIdPage } from '../../../../shared/http/id-page.js';
import { McpCatalogue } from '../mcp-catalogue.js';
import type { ToolPin } from './tool-pin.js';
import { type PinFilter, ToolPinRepository } from './tool-pin.repository.js';

/** What administrators do with the definitions of MCP tools. A decision holds on every replica within seconds. */
@Injectable()
export class ToolPinsService {
  constructor(
    private readonly pins: ToolPinRepository,
    private readonly catalogue: McpCatalogue,
    private readonly logger: PinoLogger,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  list(
    page: IdPage,
    filter: PinFilter,
  ): Promise<{ readonly items: readonly ToolPin[]; readonly nextCursor: string | null }> {
    return readIdPage(page, (asked) => this.pins.findPage(asked, filter));
  }

  /** Throws `not_found`. */
  async decide(
    id: string,
    status: 'approved' | 'rejected',
    actor: { readonly userId: string; readonly requestId: string | undefined },
  ): Promise<ToolPin> {
    const decision = {
      status,
      actorId: actor.userId,
      requestId: actor.requestId,
      auditId: this.ids.next(),
      now: this.clock.now(),
    };
    const decided = isUuid(id) ? await this.pins.decide(id, decision) : undefined;
    if (!decided) throw notFound();
    const { pin, isChanged } = decided;
    if (isChanged) {
      this.logger.info({
        event: `admin.tool_pin.${status}`,
        server: pin.server,
        tool: pin.tool,
        pin_id: id,
        actor_id: actor.userId,
        audit_id: decision.auditId,
      });
      await this.catalogue.refresh();
    }
    return pin;
  }
}
