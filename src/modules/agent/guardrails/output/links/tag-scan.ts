type State = 'before-name' | 'name' | 'before-value' | 'double-quoted' | 'single-quoted' | 'unquoted';

/** Follows an HTML tag as browsers do, to know where it ends: a `>` in quotes does not end it. */
export class TagScan {
  private state: State = 'before-name';
  isOver = false;

  /** `name` in lower case. */
  constructor(readonly name: string) {}

  pass(text: string): void {
    for (const character of text) this.next(character);
  }

  private next(character: string): void {
    const isSpace = /\s/.test(character);
    switch (this.state) {
      case 'double-quoted':
        if (character === '"') this.state = 'before-name';
        return;
      case 'single-quoted':
        if (character === "'") this.state = 'before-name';
        return;
      case 'before-value':
        if (isSpace) return;
        if (character === '"') this.state = 'double-quoted';
        else if (character === "'") this.state = 'single-quoted';
        else this.state = 'unquoted';
        break;
      case 'unquoted':
        if (isSpace) this.state = 'before-name';
        break;
      case 'name':
      case 'before-name':
        this.state = character === '=' ? 'before-value' : 'name';
        break;
    }
    if (character === '>') this.isOver = true;
  }
}
