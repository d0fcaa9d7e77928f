import { PromptTemplate, TemplateRefused } from './prompt-template.js';

function faultsOf(source: string): readonly string[] {
  try {
    PromptTemplate.read(source);
    return [];
  } catch (error) {
    if (error instanceof TemplateRefused) return error.faults;
    throw error;
  }
}

const render = (
  source: string,
  values: Record<string, string | number | boolean | string[] | null> = {},
): string => PromptTemplate.read(source).render(values);

const titleOf = (source: string): string => JSON.stringify(source.slice(0, 60));

describe(PromptTemplate.name, () => {
  it.each<[string, Parameters<typeof render>[1], string]>([
    ['Hello {{ name }}.', { name: 'Ada' }, 'Hello Ada.'],
    ['{{name}}{{- name -}} {{ name }}', { name: 'a' }, 'aaa'],
    ['{{ a }} {{ b }} {{ c }}', { a: 1.5, b: true, c: ['x', 'y'] }, '1.5 true xy'],
    ['{{ a | join: ", " | upcase }}', { a: ['x', 'y'] }, 'X, Y'],
    ['{{ a | default: "none" }}', { a: null }, 'none'],
    ['{{ a | default: b, allow_false: true }}', { a: false, b: 'x' }, 'false'],
    ['{{ a | strip | downcase | truncate: 4, "…" }}', { a: '  ABCDEF ' }, 'abc…'],
    [
      '{% if a and b != "x" %}yes{% elsif b contains "x" %}x{% else %}no{% endif %}',
      { a: false, b: 'x' },
      'x',
    ],
    ['{% unless a %}no{% endunless %}', { a: null }, 'no'],
    ['{% case a %}{% when "x", "y" %}1{% when "z" or b %}2{% else %}3{% endcase %}', { a: 'q', b: 'q' }, '2'],
    ['a{% comment %}{{ b | no }}{% for %}{% endcomment %}{% # a word %}b', {}, 'ab'],
    [
      '{{ "{{ braces }}" }} and { braces } and 100 % of it',
      {},
      '{{ braces }} and { braces } and 100 % of it',
    ],
    ['Grüße, 世界 👋 {{ name }}\r\n', { name: '👩‍🚀é' }, 'Grüße, 世界 👋 👩‍🚀é\r\n'],
    ['', {}, ''],
  ])('makes text of %j with %j', (source, values, text) => {
    expect(faultsOf(source)).toEqual([]);
    expect(render(source, values)).toBe(text);
  });

  it('says which variables there are, and where each is used first', () => {
    const { variables } = PromptTemplate.read(
      '{{ a }}\n{% if b or a %}{{ c | default: d }}{% endif %}\n{% case e %}{% when f %}{% endcase %}',
    );
    expect([...variables]).toEqual([
      ['a', 'line 1, column 4'],
      ['b', 'line 2, column 7'],
      ['c', 'line 2, column 19'],
      ['d', 'line 2, column 32'],
      ['e', 'line 3, column 9'],
      ['f', 'line 3, column 21'],
    ]);
  });

  it.each(
    [
      // Ways to more than the variables.
      ['{{ a.constructor }}', /parts of a value/],
      ['{{ a.b }}', /line 1, column 4: parts of a value/],
      ['{{ a["__proto__"] }}', /parts of a value/],
      ['{{ a[b] }}', /parts of a value/],
      ['{{ "x".size }}', /parts of a value/],
      ['{{ ["a"] }}', /parts of a value/],
      ['{{ [] }}', /"" is not a name/],
      ['{{ constructor }}', /"constructor" is not a name/],
      ['{{ prototype }}', /"prototype" is not a name/],
      ['{{ __proto__ }}', /"__proto__" is not a name/],
      ['{{ a-b }}', /"a-b" is not a name/],
      ['{{ größe }}', /is not a name/],
      ['{% if a.constructor.constructor == b %}{% endif %}', /parts of a value/],
      ['{% case a %}{% when b.c %}{% endcase %}', /parts of a value/],
      ['{{ a | default: b.constructor }}', /parts of a value/],
      ['{{ a | default: "x", allow_false: b.c }}', /parts of a value/],
      ['{% unless a %}{% elsif b %}{% else %}{% elsif c.d %}{% endunless %}', /"elsif" is out of place/],
      // Filters.
      ...[
        'where',
        'map',
        'raw',
        'append',
        'times',
        'date',
        'json',
        'sort',
        'where_exp',
        'sha256',
        'split',
        'toString',
      ].map(
        (filter) =>
          [`{{ a | ${filter}: "x" }}`, new RegExp(`the filter "${filter}" is not allowed`)] as const,
      ),
      [`{{ x ${'| append: y '.repeat(50)}}}`, /the filter "append" is not allowed/],
      [`{{ x ${'| upcase '.repeat(9)}}}`, /more than 8 filters/],
      // Tags.
      ...[
        'for a in b',
        'tablerow a in b',
        'cycle "a"',
        'assign a = b',
        'capture a',
        'increment a',
        'decrement a',
        'break',
      ].map((tag) => [`{% ${tag} %}`, /the tag "\w+" is not allowed/] as const),
      ['{% for i in (1..1000000000) %}x{% endfor %}', /the tag "for" is not allowed/],
      ['{% include "/etc/passwd" %}', /the tag "include" is not allowed/],
      ['{% render "x" %}{% layout "y" %}{% block z %}{% endblock %}', /the tag "render" is not allowed/],
      ['{% liquid\n  assign a = 1\n  echo a\n%}', /the tag "liquid" is not allowed/],
      ['{% echo a %}', /the tag "echo" is not allowed/],
      ['{% raw %}{{ a }}{% endraw %}', /the tag "raw" is not allowed/],
      ['{% constructor %}', /the tag "constructor" is not allowed/],
      ['{% __proto__ %}', /the tag "__proto__" is not allowed/],
      // Ranges, groups, expressions that the language would read over.
      ['{{ (1..9) }}', /ranges are not allowed/],
      ['{{ (1..9) | join }}', /ranges are not allowed/],
      ['{% if (a or b) %}{% endif %}', /invalid range/],
      [`{{ ${'('.repeat(900)} }}`, /invalid|expected/],
      [`{{ ${'['.repeat(900)} }}`, /not closed/],
      ['{{ a b }}', /is not one expression/],
      ['{{ == }}', /is not one expression/],
      ['{{ }}', /invalid value/],
      ['{{ a, b }}', /is not understood/],
      ['{{ a ) b }}', /is not understood/],
      ['{{ a ! b }}', /expected "\|"/],
      ['{% if a == %}{% endif %}', /is not one expression/],
      ['{% case a %}{% when b == c %}{% endcase %}', /separated by commas/],
      ['{% case a %}{% when b c %}{% endcase %}', /is not understood/],
      ['{% case a %}{% when %}{% endcase %}', /value expected/],
      ['{% if a == "x %}{% endif %}', /the text has no end/],
      ['{{ "\\u0000" }}', /characters that are not allowed/],
      ['{{ "\\ud800" }}', /characters that are not allowed/],
      // Balance.
      ['{% if a %}', /"if" is not closed/],
      ['{% if a %}{% endunless %}', /"endunless" closes nothing here/],
      ['{% endif %}', /"endif" closes nothing here/],
      ['{% else %}', /"else" is out of place/],
      ['{% if a %}{% else %}{% else %}{% endif %}', /"else" is out of place/],
      ['{% if a %}{% when b %}{% endif %}', /"when" is out of place/],
      ['{% case a %}{% elsif b %}{% endcase %}', /"elsif" is out of place/],
      ['{% if a %}{% else b %}{% endif %}', /"else" takes nothing/],
      ['{% comment %}', /the comment is not closed/],
      ['{{ a', /output .* not closed/],
      ['{% if a', /tag .* not closed/],
      ['{% %}', /tag name expected/],
      // Size.
      ['{% if a %}'.repeat(17) + '{% endif %}'.repeat(17), /deeper than 16/],
      ['{% if a %}'.repeat(1_900), /deeper than 16/],
      ['{{ a }}'.repeat(2_001), /more than 2000 tags/],
      [`{{ ${'a and '.repeat(200)}a }}`, /more than 1000 characters/],
      [`{% # a${'\n'.repeat(50_000)}x %}`, /a longer comment/],
      [Array.from({ length: 65 }, (_, index) => `{{ v${index} }}`).join(''), /more than 64 variables/],
      ['é'.repeat(50_001), /more than 100000 bytes/],
      ['a\u0000b', /well-formed Unicode/],
      ['a\ud800b', /well-formed Unicode/],
    ].map(([source, fault]) => [titleOf(source as string), source, fault] as [string, string, RegExp]),
  )('refuses %s', (_, source, fault) => {
    expect(faultsOf(source).join('\n')).toMatch(fault);
  });

  it('tells the place of each fault, and not more than twenty', () => {
    expect(faultsOf('fine\n  {{ a.b }}\n{% for x %}')).toEqual([
      expect.stringMatching(/^line 2, column 6: parts/),
      expect.stringMatching(/^line 3, column 1: the tag "for"/),
    ]);
    expect(faultsOf('{{ a.b }}'.repeat(100))).toHaveLength(20);
  });

  it('does not let a short template become a long text', () => {
    const template = PromptTemplate.read('{{ a }}'.repeat(2_000));
    expect(() => template.render({ a: 'x'.repeat(10_000) })).toThrow(/more than 200000 characters/);
    expect(template.render({ a: 'x' })).toHaveLength(2_000);
  });

  it('does not execute what a value says', () => {
    const value = '{{ a }}{% if a %}${a}<script>\u2028';
    expect(render('{{ a }}', { a: value })).toBe(value);
  });

  it('refuses to render without a value, and leaves the objects of the runtime out of it', () => {
    expect(() => render('{{ toString }}')).toThrow(/undefined variable: toString/);
    expect(() => render('{{ hasOwnProperty }}')).toThrow(/undefined variable/);
  });

  it('is the same text every time', () => {
    const template = PromptTemplate.read('{% if a %}{{ b | join: ", " }}{% endif %}');
    const values = { a: true, b: ['x', 'y'] };
    expect(template.render(values)).toBe(template.render({ ...values }));
  });

  it('needs no code made of text', () => {
    const { Function: original } = globalThis;
    const forbidden = () => {
      throw new Error('code was made of text');
    };
    globalThis.Function = forbidden as unknown as FunctionConstructor;
    try {
      expect(render('{% if a %}{{ a | upcase | default: "x" }}{% endif %}', { a: 'y' })).toBe('Y');
    } finally {
      globalThis.Function = original;
    }
  });
});
