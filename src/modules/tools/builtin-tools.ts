import { Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { ToolsConfig } from '../../config/app-config.js';
import { CLOCK, type Clock } from '../../shared/context/clock.js';
import { calculatorTool } from './builtin/calculator/calculator.tool.js';
import { currentTimeTool } from './builtin/current-time/current-time.tool.js';
import { runCodeTool } from './builtin/run-code/run-code.tool.js';
import { webFetchTool } from './builtin/web-fetch/web-fetch.tool.js';
import { createSearchEngine } from './builtin/web-search/create-search-engine.js';
import { webSearchTool } from './builtin/web-search/web-search.tool.js';
import { OutboundClient } from './outbound/outbound-client.js';
import { ComputeSandbox } from './sandbox/compute-sandbox.js';
import type { Tool, ToolSource } from './tool.js';

/** The tools that come with Perch, a line each. */
@Injectable()
export class BuiltinTools implements ToolSource {
  private readonly all: readonly Tool[];

  constructor(
    config: ToolsConfig,
    outbound: OutboundClient,
    sandbox: ComputeSandbox,
    logger: PinoLogger,
    @Inject(CLOCK) clock: Clock,
  ) {
    const { web, search } = config;
    this.all = [
      calculatorTool,
      currentTimeTool(clock),
      runCodeTool(sandbox, config),
      webFetchTool({ outbound, sandbox, web, clock }),
      ...(search ? [webSearchTool({ engine: createSearchEngine(search, web, outbound), web, logger })] : []),
    ];
  }

  tools(): readonly Tool[] {
    return this.all;
  }
}
