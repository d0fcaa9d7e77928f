import { toolNames } from './tool-names.js';

const names = (tools: readonly string[], taken: readonly string[] = [], server = 'web') =>
  Object.fromEntries(toolNames(server, tools, new Set(taken)));

describe(toolNames.name, () => {
  it('puts the server before the tool, in letters that all vendors take', () => {
    expect(names(['fetch', 'issues.list', 'öffnen'])).toEqual({
      fetch: 'web_fetch',
      'issues.list': expect.stringMatching(/^web_issues_list_[0-9a-f]{16}$/),
      öffnen: expect.stringMatching(/^web__ffnen_[0-9a-f]{16}$/),
    });
  });

  it('never takes the name of another tool', () => {
    expect(names(['search', 'fetch'], ['web_search'])).toEqual({
      fetch: 'web_fetch',
      search: expect.stringMatching(/^web_search_[0-9a-f]{16}$/),
    });
  });

  it('tells tools apart that look the same, whatever their order', () => {
    const tools = ['a.b', 'a b', 'a_b', 'а_b', 'a/b'];
    const given = names(tools);
    expect(new Set(Object.values(given)).size).toBe(tools.length);
    expect(given['a_b']).toBe('web_a_b');
    expect(names([...tools].reverse())).toEqual(given);
    for (const name of Object.values(given)) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  });

  it('shortens long names so that they stay different', () => {
    const long = 'x'.repeat(80);
    const given = Object.values(names([`${long}1`, `${long}2`]));
    expect(given.map((name) => name.length)).toEqual([64, 64]);
    expect(given[0]).not.toBe(given[1]);
  });

  it.each([
    ['that looks like it when it is cleaned', () => 'a_b'],
    ['that is called as it is', (given: string) => given.slice('web_'.length)],
    ['that is called nearly as it is', (given: string) => `${given.slice('web_'.length)}.`],
  ])('leaves a tool its name when its server also lists one %s', (_, neighbour) => {
    const alone = names(['a.b'])['a.b']!;
    const given = names(['a.b', neighbour(alone)]);
    expect(given['a.b']).toBe(alone);
    expect(new Set(Object.values(given)).size).toBe(2);
  });
});
