import { readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config/load-config.js';
import { OpenApiTools } from '../../src/modules/tools/openapi/openapi-tools.js';
import { anOutboundClient } from '../support/http-api/an-outbound-client.js';

const GUIDE = readFileSync(new URL('../../docs/guides/http-tools.md', import.meta.url), 'utf8');

describe('docs/guides/http-tools.md', () => {
  it('shows a configuration that works as it is', async () => {
    const [, example] = /```json\n([\s\S]+?)```/.exec(GUIDE)!;
    const { tools } = loadConfig({ PERCH_HTTP_TOOLS: example, SHOP_TOKEN: 'a-token-of-the-shop' });
    const source = await OpenApiTools.load(tools, anOutboundClient());
    expect(source.tools().map(({ name }) => name)).toEqual([
      'shop_listOrders',
      'shop_getOrder',
      'shop_cancelOrder',
    ]);
    expect(source.tools().at(-1)).toMatchObject({
      sideEffect: 'write',
      approval: 'always',
      returnsPrivate: true,
    });
  });

  it('names every setting, with its default', () => {
    const [api] = loadConfig({
      PERCH_HTTP_TOOLS: '[{"name":"a","document":"a","base_url":"http://a","operations":["a"]}]',
    }).tools.httpApis;
    const rows = new Map(
      [...GUIDE.matchAll(/^\| `(\w+)` *\| (.*?) *\|/gm)].map(([, name, shown]) => [
        name,
        shown!.replaceAll('`', ''),
      ]),
    );
    for (const [name, value] of Object.entries(api!)) {
      expect(rows.has(name)).toBe(true);
      const shown = rows.get(name)!;
      if (shown !== '') expect(shown).toBe(typeof value === 'string' ? value : JSON.stringify(value));
    }
  });
});
