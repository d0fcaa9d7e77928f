import type { ToolPin } from './tool-pin.js';
import type { ToolPinDto } from './tool-pins.dto.js';

export function toToolPinDto(pin: ToolPin): ToolPinDto {
  return {
    id: pin.id,
    server: pin.server,
    tool: pin.tool,
    status: pin.status,
    hash: pin.hash,
    description: pin.definition.description,
    input_schema: pin.definition.inputSchema,
    annotations: pin.definition.annotations,
    first_seen_at: pin.firstSeenAt.toISOString(),
    last_seen_at: pin.lastSeenAt.toISOString(),
    decided_by: pin.decidedBy,
    decided_at: pin.decidedAt?.toISOString() ?? null,
  };
}
