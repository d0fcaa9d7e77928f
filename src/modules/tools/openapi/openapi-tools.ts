import type { ToolsConfig } from '../../../config/app-config.js';
import type { HttpApi } from '../../../config/http-tools.schema.js';
import { ConfigError } from '../../../config/load-config.js';
import type { Tool, ToolSource } from '../tool.js';
import { findOperation } from './find-operations.js';
import type { HttpClient } from './http-client.js';
import { createCredentials } from './http-credentials.js';
import { httpTool } from './http-tool.js';
import { DocumentFault, type OpenApiDocument } from './openapi-document.js';
import { planOperation } from './plan-operation.js';
import { readDocument } from './read-document.js';
import { toolName } from './tool-name.js';

export type HttpToolsConfig = Pick<ToolsConfig, 'httpApis' | 'httpCredentials'>;

/** The tools made of the HTTP APIs in the configuration. They stay the same while the process runs. */
export class OpenApiTools implements ToolSource {
  private constructor(private readonly all: readonly Tool[]) {}

  /** Reads every document. Throws `ConfigError` with all that is wrong in them, a line each. */
  static async load(config: HttpToolsConfig, client: HttpClient): Promise<OpenApiTools> {
    const faults: string[] = [];
    const tools: Tool[] = [];
    for (const api of config.httpApis) {
      const document = await readDocument(api.document).catch((error: unknown) => {
        faults.push(faultLine(api, undefined, error));
        return undefined;
      });
      if (document) tools.push(...toolsOf(api, document, { config, client, faults }));
    }
    for (const name of repeated(tools)) faults.push(`PERCH_HTTP_TOOLS: two tools are named ${name}`);
    if (faults.length > 0) throw new ConfigError(faults);
    return new OpenApiTools(tools);
  }

  tools(): readonly Tool[] {
    return this.all;
  }
}

interface Making {
  readonly config: HttpToolsConfig;
  readonly client: HttpClient;
  readonly faults: string[];
}

function toolsOf(api: HttpApi, document: OpenApiDocument, { config, client, faults }: Making): Tool[] {
  const credentials = createCredentials(api, config.httpCredentials);
  return api.operations.flatMap((settings) => {
    try {
      const allowed = findOperation(document, api, settings);
      const plan = planOperation(allowed, api);
      const name = toolName(api.name, settings.name ?? settings.id);
      return [httpTool({ name, api, allowed, plan, credentials, client })];
    } catch (error) {
      faults.push(faultLine(api, settings.id, error));
      return [];
    }
  });
}

/** A bug stays a bug; a fault of the document is the operator's to mend. */
function faultLine(api: HttpApi, operation: string | undefined, error: unknown): string {
  if (!(error instanceof DocumentFault)) throw error;
  const where = operation === undefined ? '' : `, operation ${operation}`;
  return `PERCH_HTTP_TOOLS: ${api.name}: ${api.document}${where}: ${error.message}`;
}

function repeated(tools: readonly Tool[]): readonly string[] {
  const names = tools.map(({ name }) => name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
