import { Controller, Delete, Get, Module, Param, Put } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { buildOpenApiDocument, serveOpenApi } from './openapi.js';
import { Public } from './shared/access/public.decorator.js';
import { RefusesApiKeys } from './shared/access/refuses-api-keys.decorator.js';
import { RequirePermission } from './shared/access/require-permission.decorator.js';
import { ApiProblems } from './shared/errors/api-problems.decorator.js';

@ApiTags('models')
@Controller('things')
class ThingsController {
  @Public()
  @Get()
  @ApiOperation({ operationId: 'listThings', summary: 'All' })
  @ApiOkResponse({ description: 'All of them' })
  @ApiProblems(400)
  list(): void {}

  @RequirePermission('admin')
  @RefusesApiKeys()
  @Put(':id')
  @ApiOperation({ operationId: 'changeThing', summary: 'Another one', description: 'Changes it.' })
  @ApiOkResponse({ description: 'Changed' })
  @ApiProblems(401, 403, 404)
  change(@Param('id') id: string): string {
    return id;
  }

  @RequirePermission('models:read')
  @Delete(':id')
  @ApiOperation({ operationId: 'deleteThing', summary: 'Away with it' })
  @ApiOkResponse({ description: 'Gone' })
  @ApiProblems(401, 404)
  remove(@Param('id') id: string): string {
    return id;
  }
}

@ApiTags('operations')
@Public()
@Controller('health')
class HealthController {
  @Get('live')
  @ApiOperation({ operationId: 'live', summary: 'It lives' })
  @ApiOkResponse({ description: 'It does' })
  live(): void {}
}

@Module({ controllers: [ThingsController, HealthController] })
class ThingsModule {}

// The plugin that reads DTOs runs in the build only; `npm run check:openapi` looks at the document of the built application.
describe('the OpenAPI document', () => {
  let app: NestExpressApplication;
  let document: OpenAPIObject;
  beforeAll(async () => {
    app = await NestFactory.create<NestExpressApplication>(ThingsModule, { logger: false });
    serveOpenApi(app, '1.2.3');
    document = buildOpenApiDocument(app, '1.2.3');
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it('says what it describes, and how to authenticate', () => {
    expect(document.openapi).toMatch(/^3\.1/);
    expect(document.info).toMatchObject({
      title: 'Perch',
      version: '1.2.3',
      license: { name: 'Apache-2.0' },
      description: expect.stringContaining('Authorization: Bearer'),
    });
    expect(document.components?.securitySchemes).toEqual({
      bearer: expect.objectContaining({ type: 'http', scheme: 'bearer' }),
      api_key: expect.objectContaining({ type: 'apiKey', in: 'header', name: 'x-api-key' }),
    });
  });

  it('says of each operation but the probes that too many requests are refused', () => {
    expect(document.paths['/things']?.get?.responses['429']).toMatchObject({
      content: { 'application/problem+json': { example: { code: 'rate_limited', instance: '/things' } } },
    });
    expect(document.paths['/things/{id}']?.delete?.responses).toHaveProperty('429');
    expect(document.paths['/health/live']?.get?.responses).not.toHaveProperty('429');
  });

  it('says of each operation whether it needs a token, and which permission', () => {
    expect(document.paths['/things']?.get).toMatchObject({ operationId: 'listThings', security: [] });
    expect(document.paths['/things/{id}']?.delete).toMatchObject({
      security: [{ bearer: [] }, { api_key: [] }],
      'x-required-permission': 'models:read',
      description: 'Needs the permission `models:read`.',
    });
    expect(document.paths['/things/{id}']?.put).toMatchObject({
      security: [{ bearer: [] }],
      'x-refuses-api-keys': true,
      description: 'Changes it.\n\nNeeds the permission `admin`.\n\nAPI keys are refused.',
    });
  });

  it('shows problems where they would occur', () => {
    const responses = document.paths['/things/{id}']?.delete?.responses as Record<string, unknown>;
    expect(responses['404']).toMatchObject({
      content: {
        'application/problem+json': {
          example: { status: 404, instance: expect.stringMatching(/^\/things\/[0-9a-f-]{36}$/) },
        },
      },
    });
  });

  it('is served as a page and as JSON', async () => {
    const url = await app.getUrl();
    const page = await fetch(`${url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    // The policy of the page lets no script in that stands in the page itself.
    expect(await page.text()).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>\s*\S/);
    expect(await (await fetch(`${url}/docs-json`)).json()).toMatchObject({ info: { version: '1.2.3' } });
  });
});
