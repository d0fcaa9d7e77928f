import type { Template } from 'liquidjs';
import { isSafeText } from '../../../../shared/http/text-safety.js';
import type { PromptValue } from '../prompt.js';
import { ENGINE, MAX_TEMPLATE_BYTES, renderTemplate } from './template-engine.js';
import { readTemplate } from './template-policy.js';

/** A template that may not be used; each fault is a sentence with its place. */
export class TemplateRefused extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join('; '));
    this.name = 'TemplateRefused';
  }
}

/** A template that has been read and found good. */
export class PromptTemplate {
  private constructor(
    private readonly parsed: readonly Template[],
    /** Every variable that it uses, with the place where it is first used. */
    readonly variables: ReadonlyMap<string, string>,
  ) {}

  /** Throws TemplateRefused. */
  static read(source: string): PromptTemplate {
    if (Buffer.byteLength(source) > MAX_TEMPLATE_BYTES) {
      throw new TemplateRefused([`has more than ${MAX_TEMPLATE_BYTES} bytes`]);
    }
    if (!isSafeText(source)) {
      throw new TemplateRefused(['must be well-formed Unicode without NUL characters']);
    }
    const { faults, variables } = readTemplate(source);
    if (faults.length > 0) throw new TemplateRefused(faults);
    return new PromptTemplate(
      refusing(() => ENGINE.parse(source)),
      variables,
    );
  }

  /**
   * The text for these values, the same for the same values for ever. `null` is a variable without a value; every variable
   * has to be there. Throws TemplateRefused when it becomes too long.
   */
  render(values: Readonly<Record<string, PromptValue | null>>): string {
    const text = refusing(() => renderTemplate(this.parsed, values));
    if (!isSafeText(text)) throw new TemplateRefused(['comes to text that is not well-formed Unicode']);
    return text;
  }
}

/** Whatever the language still has against a template that was found good is the template's fault. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TemplateRefused([`cannot be used: ${(error as Error).message}`]);
  }
}
