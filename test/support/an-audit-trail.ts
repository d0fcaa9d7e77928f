import type { DataSource } from 'typeorm';
import { AuditTrail } from '../../src/modules/observability/index.js';
import { systemClock } from '../../src/shared/context/clock.js';
import type { DerivedKeys } from '../../src/shared/context/derived-keys.js';
import { uuidV7Ids } from '../../src/shared/context/ids.js';

/** The audit trail of this database, with the time and the ids of the world. */
export function anAuditTrail(dataSource: DataSource, keys?: DerivedKeys): AuditTrail {
  return new AuditTrail(dataSource, uuidV7Ids, systemClock, keys);
}
