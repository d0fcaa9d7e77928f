import { ExpressAdapter } from '@nestjs/platform-express';
import type { HttpConfig } from '../../config/app-config.js';
import { createHardenedServer } from './server-hardening.js';

/** Nest on Express, on an HTTP server of ours: its time limits can only be set when it is made. */
export class HardenedExpressAdapter extends ExpressAdapter {
  constructor(private readonly config: HttpConfig) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = createHardenedServer(this.config, this.getInstance());
  }
}
