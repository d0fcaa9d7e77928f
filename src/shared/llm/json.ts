/** Any value that JSON can carry. Tool inputs and results are of this type once they are parsed. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export type JsonObject = { [key: string]: JsonValue };

/** A JSON Schema (2020-12) document. For a tool's input its `type` is always `object`. */
export type JsonSchema = { readonly [keyword: string]: unknown };
