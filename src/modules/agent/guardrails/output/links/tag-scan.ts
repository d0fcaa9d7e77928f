type State =
  | 'tag-name'
  | 'before-name'
  | 'name'
  | 'after-name'
  | 'before-value'
  | 'double-quoted'
  | 'single-quoted'
  | 'unquoted';

/** Attributes of these lead somewhere only when somebody clicks. */
const CLICKED = /^(a|area|form|button|input|q|blockquote|del|ins|svg)$/;

/**
 * Follows HTML tags as browsers do, to know where they end: a `>` in quotes does not end one. Of several beginnings within each
 * other any may be the one that counts, because what comes before it is no tag to Markdown.
 */
export class TagScan {
  /** Where a tag stands that began at any of them; there are no more of them than states. */
  private states: ReadonlySet<State> = new Set();
  /** Attributes that lead somewhere may wait for a click: no tag has begun that loads them. */
  isClicked = true;

  /** Before its `<` is passed. `name` in lower case. */
  begin(name: string): void {
    this.states = new Set([...this.states, 'tag-name']);
    this.isClicked &&= CLICKED.test(name);
  }

  get isOver(): boolean {
    return this.states.size === 0;
  }

  pass(text: string): void {
    for (const character of text) {
      const states = new Set<State>();
      for (const state of this.states) {
        const next = after(state, character);
        if (next) states.add(next);
      }
      this.states = states;
    }
  }
}

/** `undefined`: the tag is over. */
function after(state: State, character: string): State | undefined {
  if (state === 'double-quoted') return character === '"' ? 'before-name' : state;
  if (state === 'single-quoted') return character === "'" ? 'before-name' : state;
  if (character === '>') return undefined;
  const isSpace = /\s/.test(character);
  switch (state) {
    case 'before-value':
      if (isSpace) return state;
      if (character === '"') return 'double-quoted';
      return character === "'" ? 'single-quoted' : 'unquoted';
    case 'unquoted':
      return isSpace ? 'before-name' : state;
    case 'tag-name':
      return isSpace || character === '/' ? 'before-name' : state;
    // Where no name has begun, `=` begins one.
    case 'before-name':
      return isSpace || character === '/' ? state : 'name';
    case 'name':
    case 'after-name':
      if (isSpace) return 'after-name';
      if (character === '/') return 'before-name';
      return character === '=' ? 'before-value' : 'name';
  }
}
