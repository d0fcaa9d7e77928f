import type { ToolDefinition } from '../../../shared/llm/tool-call.js';

type Schema = { readonly [keyword: string]: unknown };

/** Schemas come from strangers (MCP, OpenAPI): they may be deep, refer to themselves, and grow with each reference. */
const DEEPEST = 8;
const MOST_TYPES = 2_000;

/**
 * A tool as OpenAI's models read it: a declaration like TypeScript's, not JSON. The vendor does not publish the form;
 * it is known from what its models repeat, and agrees with what is charged to a few tokens.
 */
export function declareTool({ name, description, inputSchema }: ToolDefinition): string {
  const parameters = new Declaration(inputSchema).members(inputSchema, '', 0);
  const type = parameters === '' ? '() => any' : `(_: {\n${parameters}}) => any`;
  return `${comment(description, '')}type ${name} = ${type};\n\n`;
}

class Declaration {
  private types = 0;

  constructor(private readonly root: Schema) {}

  members({ properties, required }: Schema, indent: string, depth: number): string {
    const names = Array.isArray(required) ? required : [];
    let text = '';
    for (const [name, value] of Object.entries(isSchema(properties) ? properties : {})) {
      const member = this.resolve(value);
      const end = member.default === undefined ? '' : ` // default: ${JSON.stringify(member.default)}`;
      text += `${comment(member.title, indent)}${comment(member.description, indent)}${indent}${name}${names.includes(name) ? '' : '?'}: `;
      text += `${this.type(member, `${indent}  `, depth + 1)},${end}\n`;
    }
    return text;
  }

  private type(value: unknown, indent: string, depth: number): string {
    if (++this.types > MOST_TYPES || depth > DEEPEST) return 'any';
    const schema = this.resolve(value);
    if (Array.isArray(schema.enum)) return schema.enum.map((choice) => JSON.stringify(choice)).join(' | ');
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    const choices = schema.anyOf ?? schema.oneOf;
    if (Array.isArray(choices))
      return choices.map((choice) => this.type(choice, indent, depth + 1)).join(' | ');
    const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
    return types.map((type) => this.plainType(type, schema, indent, depth)).join(' | ');
  }

  private plainType(type: unknown, schema: Schema, indent: string, depth: number): string {
    if (type === 'integer') return 'number';
    if (type === 'array') return `${this.type(schema.items, indent, depth + 1)}[]`;
    if (type !== 'object') return typeof type === 'string' ? type : 'any';
    const members = this.members(schema, indent, depth);
    return members === '' ? 'object' : `{\n${members}${indent}}`;
  }

  /** `$ref` within the document; what stands beside it (a description) has the first word. */
  private resolve(value: unknown): Schema {
    if (!isSchema(value)) return {};
    if (typeof value.$ref !== 'string') return value;
    let target: unknown = this.root;
    for (const key of value.$ref.replace(/^#\/?/, '').split('/')) {
      target = isSchema(target) && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    return { ...(isSchema(target) ? target : {}), ...value, $ref: undefined };
  }
}

function comment(text: unknown, indent: string): string {
  if (typeof text !== 'string' || text === '') return '';
  return `${indent}// ${text.replaceAll('\n', `\n${indent}// `)}\n`;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
