import type { JsonSchema } from '../../../shared/llm/json.js';

export type ParameterStyle = 'simple' | 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject' | 'json';

/** How a member of the tool's input becomes a part of the request. */
export interface PlannedParameter {
  /** What the model calls it. */
  readonly member: string;
  /** What the API calls it. */
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly isRequired: boolean;
}

export type BodyEncoding = 'json' | 'form' | 'text';

/**
 * - `member`: the input's member is the body
 * - `members`: the input's members are the body's members
 */
export type PlannedBody = { readonly mediaType: string; readonly encoding: BodyEncoding } & (
  | { readonly kind: 'member'; readonly member: string; readonly isRequired: boolean }
  | {
      readonly kind: 'members';
      readonly members: readonly { readonly member: string; readonly name: string }[];
    }
);

/** All that is known about an operation before anybody calls it. */
export interface OperationPlan {
  readonly method: string;
  /** `/orders/{id}` */
  readonly path: string;
  readonly parameters: readonly PlannedParameter[];
  readonly body: PlannedBody | undefined;
  /** A strict object; what the model writes is checked against it. */
  readonly inputSchema: JsonSchema;
}
