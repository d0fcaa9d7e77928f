import { Injectable } from '@nestjs/common';
import type { CallToolResult, Progress } from '@modelcontextprotocol/client';
import type { Secret } from '../../../config/secret.js';
import type { JsonValue } from '../../../shared/llm/json.js';
import { ToolError, ToolUnavailableError } from '../tool.js';
import { isAboutArguments, McpFailure, toMcpFailure } from './client/mcp-failure.js';
import type { McpClient } from './client/mcp-client.js';
import { ToolCredentials } from './credentials/tool-credentials.js';
import { cleanText } from './definitions/untrusted-text.js';
import { errorTextOf, fromCallResult } from './from-call-result.js';
import { hideSecrets } from './hide-secrets.js';
import { McpCatalogue } from './mcp-catalogue.js';
import { McpConnector } from './mcp-connector.js';
import { type ConnectedServer, McpServers } from './mcp-servers.js';
import { heldBack, type McpToolCall } from './mcp-tool.js';

/** The signal is the deadline, which the operator may set to an hour; this is for a signal that never fires. */
const MAX_CALL_MS = 3_700_000;
const MAX_ERROR_LENGTH = 2_000;
const MAX_PROGRESS_LENGTH = 200;
/** Of a text that is to be shown: far more than is shown of it. */
const MAX_READ_LENGTH = 50_000;

/** Executes calls of MCP tools: agreed to → with the right credential → in turn → answered, whatever the server does. */
@Injectable()
export class McpCalls {
  constructor(
    private readonly servers: McpServers,
    private readonly catalogue: McpCatalogue,
    private readonly connector: McpConnector,
    private readonly credentials: ToolCredentials,
  ) {}

  /** Throws `ToolError`. */
  async call(call: McpToolCall): Promise<JsonValue> {
    const { definition, hash } = call.definition;
    const server = this.servers.get(call.server);
    if (!server || !this.catalogue.isOffered(call.server, definition.name, hash)) throw heldBack();
    const credential = server.users ? await this.credentialOf(call) : undefined;
    const hide = hideSecrets(this.connector.secrets(server.settings, credential));
    const result = await this.answer(server, call, credential, hide);
    if (result.isError === true) {
      const text = shown(errorTextOf(result), hide, MAX_ERROR_LENGTH);
      throw new ToolError('tool_reported_error', text || 'The tool failed and did not say why.');
    }
    return fromCallResult(result, hide);
  }

  private async credentialOf({ context, server }: McpToolCall): Promise<Secret> {
    const credential = await this.credentials.find(context.userId, server);
    if (credential) return credential;
    throw new ToolError(
      'credential_needed',
      `The user has no credential for ${server} yet. They can store one at PUT /agent/tools/credentials/${server}.`,
    );
  }

  private async answer(
    server: ConnectedServer,
    call: McpToolCall,
    credential: Secret | undefined,
    hide: (text: string) => string,
  ): Promise<CallToolResult> {
    const { signal } = call.context;
    try {
      return await server.gate.run(
        () => (credential ? this.asUser(server, call, credential, hide) : this.asServer(server, call, hide)),
        signal,
      );
    } catch (error) {
      const failure = toMcpFailure(error, signal);
      // What the server refuses may be what it understood before: its tools are read again.
      if (failure.reason === 'unavailable' || isAboutArguments(failure)) server.link.look();
      throw toToolError(failure, server.settings.name, hide);
    }
  }

  private async asServer(
    { link }: ConnectedServer,
    call: McpToolCall,
    hide: (text: string) => string,
  ): Promise<CallToolResult> {
    const { signal } = call.context;
    const client = await link.client(signal);
    try {
      return await send(client, call, hide);
    } catch (error) {
      // Nothing was done: the server did not know who was speaking.
      if (toMcpFailure(error, signal).reason !== 'session_expired') throw error;
      link.renew(client);
      return send(await link.client(signal), call, hide);
    }
  }

  private async asUser(
    { users }: ConnectedServer,
    call: McpToolCall,
    credential: Secret,
    hide: (text: string) => string,
  ): Promise<CallToolResult> {
    const { userId, signal } = call.context;
    try {
      return await send(await users!.client(userId, credential), call, hide);
    } catch (error) {
      const { reason } = toMcpFailure(error, signal);
      if (reason !== 'refused' && reason !== 'cancelled') users!.forget(userId, credential);
      if (reason !== 'session_expired') throw error;
      return send(await users!.client(userId, credential), call, hide);
    }
  }
}

function send(client: McpClient, call: McpToolCall, hide: (text: string) => string): Promise<CallToolResult> {
  const { definition } = call.definition;
  return client.callTool({
    name: definition.name,
    arguments: call.arguments,
    inputSchema: definition.inputSchema,
    timeoutMs: MAX_CALL_MS,
    signal: call.context.signal,
    onProgress: (progress) => call.context.reportProgress(progressText(progress, hide)),
  });
}

function progressText({ progress, total, message }: Progress, hide: (text: string) => string): string {
  const text = shown(message ?? '', hide, MAX_PROGRESS_LENGTH);
  return text || (total === undefined ? `${progress}` : `${progress} of ${total}`);
}

/** Cleaned before secrets are looked for, and cut afterwards: neither hides one from the look, or leaves a half of it. */
function shown(text: string, hide: (text: string) => string, maxLength: number): string {
  return hide(cleanText(text.slice(0, MAX_READ_LENGTH), MAX_READ_LENGTH))
    .slice(0, maxLength)
    .toWellFormed();
}

function toToolError(failure: McpFailure, server: string, hide: (text: string) => string): ToolError {
  switch (failure.reason) {
    case 'refused': {
      const text = shown(failure.serverText ?? '', hide, MAX_ERROR_LENGTH);
      return isAboutArguments(failure)
        ? new ToolError('invalid_parameters', `${server} does not take these parameters: ${text}`)
        : new ToolError('server_refused', `${server} refused the call: ${text}`);
    }
    case 'unauthorized':
      return new ToolError(
        'unauthorized',
        `${server} does not accept the credential that it was called with.`,
      );
    case 'timeout':
      return new ToolError(
        'server_timeout',
        `${server} did not answer in time. The call may have been executed.`,
      );
    case 'too_large':
      return new ToolError(
        'result_too_large',
        `The answer of ${server} is too large. Ask for less at a time.`,
      );
    case 'input_required':
      return new ToolError(
        'input_required',
        `${server} asks the user for something, which is not possible here.`,
      );
    case 'cancelled':
      return new ToolError('cancelled', 'The call was cancelled.');
    case 'bad_answer':
      return new ToolError('bad_answer', `${server} gave an answer that cannot be understood.`);
    case 'busy':
      return new ToolError('server_busy', `Too many calls of ${server} wait already. Try again in a moment.`);
    case 'session_expired':
    case 'unavailable':
      return new ToolUnavailableError(`${server} cannot be reached at the moment. Go on without it.`);
  }
}
