import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_KEY_SCHEME } from './shared/access/any-caller.decorator.js';
import { problemResponse } from './shared/errors/api-problems.decorator.js';

const DESCRIPTION = `A self-hosted backend for AI agents.

Register or log in for an access token and send it as \`Authorization: Bearer …\`; or send an API key there or as
\`x-api-key\`. Tokens and keys in a URL are not looked at. JSON is snake_case, times are ISO 8601 in
UTC, money is a decimal string in USD. Errors are RFC 9457 problems with a stable \`code\`; another user's id is answered
exactly like a missing one.`;

const SAMPLE_ID = '0193ab40-7c1e-7000-8000-3f2a51b0c9d1';
const PROBES = /^\/(health\/|metrics$)/;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The contract, from the controllers and their DTOs. The same document is committed as openapi.json. */
export function buildOpenApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Perch')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'An access token of POST /api/v1/auth/login or of the identity provider that the installation trusts; or an API key.',
    })
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
      API_KEY_SCHEME,
    )
    .addTag('agent', 'Ask the agent; read its runs')
    .addTag('conversations', 'What was said')
    .addTag('tools', 'What the agent can do')
    .addTag('models', 'What may be asked for')
    .addTag('prompts', 'What agents are told, in versions')
    .addTag('auth', 'Accounts, sessions, tokens')
    .addTag('usage', 'What is used, what is left, what it costs')
    .addTag('administration', 'Users, spending, alerts, who did what')
    .addTag('operations', 'Health, metrics, metadata')
    .build();
  const document = SwaggerModule.createDocument(app, builder, {
    operationIdFactory: (_controller, method) => method,
  });
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = operations[method];
      if (!operation) continue;
      // Public operations say so; a document without the word would leave it open.
      operation.security ??= [];
      sayWhoMay(operation);
      // The limits before anybody is known are no route's own; probes have none.
      if (!PROBES.test(path)) operation.responses['429'] ??= tooManyRequests();
      for (const response of Object.values(operation.responses)) placeExample(response, path);
    }
  }
  return document;
}

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

interface AccessExtensions {
  readonly 'x-required-permission'?: string;
  readonly 'x-refuses-api-keys'?: boolean;
}

/** What the decorators enforce, in words, and without a scheme that the route refuses. */
function sayWhoMay(operation: OperationObject & AccessExtensions): void {
  const { 'x-required-permission': permission, 'x-refuses-api-keys': refusesKeys } = operation;
  if (refusesKeys) operation.security = [{ bearer: [] }];
  const words = [
    ...(permission === undefined ? [] : [`Needs the permission \`${permission}\`.`]),
    ...(refusesKeys ? ['API keys are refused.'] : []),
  ];
  if (words.length > 0)
    operation.description = [operation.description, ...words].filter(Boolean).join('\n\n');
}

function tooManyRequests() {
  const { description, content } = problemResponse(429);
  return { description, content };
}

/** A problem's example names the path at which it would occur. */
function placeExample(response: unknown, path: string): void {
  const { content } = response as { content?: Record<string, { example?: object }> };
  const problem = content?.['application/problem+json'];
  if (problem?.example)
    problem.example = { ...problem.example, instance: path.replace(/\{[^}]+\}/g, SAMPLE_ID) };
}

/** Explorer at /docs, document at /docs-json. */
export function serveOpenApi(app: NestExpressApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => buildOpenApiDocument(app, version), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'Perch API',
    swaggerOptions: { persistAuthorization: false, tryItOutEnabled: true },
  });
}
