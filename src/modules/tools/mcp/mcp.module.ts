import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../observability/index.js';
import { OutboundModule } from '../outbound/outbound.module.js';
import { ToolCredentialEntity } from './credentials/tool-credential.entity.js';
import { ToolCredentialRepository } from './credentials/tool-credential.repository.js';
import { ToolCredentials } from './credentials/tool-credentials.js';
import { ToolCredentialsController } from './credentials/tool-credentials.controller.js';
import { McpCalls } from './mcp-calls.js';
import { McpCatalogue } from './mcp-catalogue.js';
import { McpConnector } from './mcp-connector.js';
import { McpServers } from './mcp-servers.js';
import { ToolPinEntity } from './pins/tool-pin.entity.js';
import { ToolPinRepository } from './pins/tool-pin.repository.js';
import { ToolPinsController } from './pins/tool-pins.controller.js';
import { ToolPinsService } from './pins/tool-pins.service.js';

@Module({
  imports: [AuditModule, OutboundModule, TypeOrmModule.forFeature([ToolPinEntity, ToolCredentialEntity])],
  controllers: [ToolPinsController, ToolCredentialsController],
  providers: [
    ToolPinRepository,
    ToolPinsService,
    ToolCredentialRepository,
    ToolCredentials,
    McpCatalogue,
    McpConnector,
    McpServers,
    McpCalls,
  ],
  exports: [McpCatalogue, McpCalls],
})
export class McpModule {}
