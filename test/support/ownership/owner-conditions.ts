import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

const ROOT = new URL('../../../', import.meta.url);

/** `user_id = $2`, `c.user_id = $2`, `t.user_id = a.id`: what makes a statement one user's. `SET user_id = $2` asks for nothing. */
const OWNER_CONDITION = /(?<!\bSET )(?:\b\w+\.)?\buser_id = (\$\d+|a\.id)/g;

/** What a statement would be without its `index`th owner condition, or without any. The parameter is still named. */
export function withoutOwner(sql: string, index: number | 'all'): string {
  let count = -1;
  return sql.replaceAll(OWNER_CONDITION, (condition, value: string) => {
    count += 1;
    return index === 'all' || count === index ? `(${value}::uuid IS NOT NULL)` : condition;
  });
}

export const countOwnerConditions = (sql: string): number => [...sql.matchAll(OWNER_CONDITION)].length;

/** A condition with what stands around it, to be told apart from others. */
export function ownerConditionIn(sql: string, index: number): string {
  const match = [...sql.matchAll(OWNER_CONDITION)][index]!;
  const around = sql.slice(Math.max(0, match.index - 60), match.index + match[0].length);
  return around.replaceAll(/\s+/g, ' ').replace(/^\S*\s/, '');
}

export interface RepositoryMethod {
  /** `Class.method`. */
  readonly name: string;
  /** Its text speaks of a user. */
  readonly isAboutUser: boolean;
}

const ABOUT_USER = /\b(userId|user_id|Admission|RunReference|RecallSearch|Session)\b/;

/** What other modules can call of the application's repositories. */
export function repositoryMethods(): RepositoryMethod[] {
  return sources().flatMap(({ text }) => {
    const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
    return file.statements.filter(ts.isClassDeclaration).flatMap((one) =>
      one.members
        .filter(ts.isMethodDeclaration)
        .filter((member) => !member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword))
        // Classes that only build a statement are not injected.
        .filter(() => ts.canHaveDecorators(one) && (ts.getDecorators(one) ?? []).length > 0)
        .map((member) => ({
          name: `${one.name!.text}.${member.name.getText()}`,
          isAboutUser: ABOUT_USER.test(member.getText()),
        })),
    );
  });
}

/** Every owner condition in the source, by what stands around it up to the next gap that is filled when it runs. */
export function writtenOwnerConditions(): { readonly file: string; readonly snippet: string }[] {
  return sources().flatMap(({ file, text }) =>
    [...text.matchAll(OWNER_CONDITION)].map((match) => {
      const before = text
        .slice(0, match.index)
        .split(/[`'$}]/)
        .at(-1)!
        .slice(-40);
      const after = text
        .slice(match.index + match[0].length)
        .split(/[`'$]/)[0]!
        .slice(0, 40);
      return { file, snippet: flat(before + match[0] + after) };
    }),
  );
}

export const flat = (sql: string): string => sql.replaceAll(/\s+/g, ' ').trim();

function sources(): { readonly file: string; readonly text: string }[] {
  const folder = new URL('src/', ROOT);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.repository.ts'))
    .map((file) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') }));
}
