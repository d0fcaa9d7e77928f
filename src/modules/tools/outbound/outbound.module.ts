import { Module } from '@nestjs/common';
import { HttpConfig, ToolsConfig } from '../../../config/app-config.js';
import { OutboundClient } from './outbound-client.js';

/** The way out for tools: one client, one set of limits for the process. */
@Module({
  providers: [
    {
      provide: OutboundClient,
      inject: [ToolsConfig, HttpConfig],
      useFactory: ({ web }: ToolsConfig, { allowedHosts }: HttpConfig) =>
        new OutboundClient({
          publicConcurrency: web.concurrency,
          originConcurrency: web.originConcurrency,
          ownHosts: allowedHosts,
        }),
    },
  ],
  exports: [OutboundClient],
})
export class OutboundModule {}
