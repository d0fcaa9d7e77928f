import { toolNames } from './tool-names.js';

const names = (tools: readonly string[], taken: readonly string[] = [], server = 'web') =>
  Object.fromEntries(toolNames(server, tools, new Set(taken)));

describe(toolNames.name, () => {
  it('puts the server before the tool, in letters that all vendors take', () => {
    expect(names(['fetch', 'issues.list', 'öffnen'])).toEqual({
      fetch: 'web_fetch',
      'issues.list': 'web_issues_list',
      öffnen: 'web__ffnen',
    });
  });

  it('never takes the name of another tool', () => {
    expect(names(['search', 'fetch'], ['web_search'])).toEqual({
      fetch: 'web_fetch',
      search: expect.stringMatching(/^web_search_[0-9a-f]{8}$/),
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

  it('gives a name to whoever took the name that another would have got', () => {
    const first = names(['search'], ['web_search'])['search']!;
    const squatter = first.slice('web_'.length);
    const given = names(['search', squatter], ['web_search']);
    expect(given[squatter]).toBe(first);
    expect(given['search']).toMatch(/^web_search_[0-9a-f]{16}$/);
  });
});
