import { z } from 'zod';
import { PERMISSIONS } from '../shared/context/principal.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** They decide who asks, how the message is framed, or which route or method the server takes it for. */
const NEVER_SET =
  /^(host|connection|keep-alive|upgrade|te|trailer|transfer-encoding|content-.*|expect|accept-encoding|user-agent|proxy-.*|sec-.*|forwarded|via|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-.*|x-(http-)?method(-override)?)$/i;
const NEVER_BY_MODEL = /^(authorization|cookie|set-cookie|idempotency-key|accept|referer|origin)$/i;

const headerName = z
  .string()
  .regex(HEADER_NAME, 'must be the name of a header')
  .refine((name) => !NEVER_SET.test(name), 'is a header that must not be set');

const sideEffect = z.enum(['read', 'write', 'egress']);
const approval = z.enum(['always', 'never']);
const timeoutSeconds = z.number().min(0.1).max(600);
/** `total`, `items.id`: the way to a member of the answer. Lists on the way are gone through. */
const responseFields = z
  .array(z.string().regex(/^[^.]{1,100}(\.[^.]{1,100}){0,9}$/, 'must be member names with dots in between'))
  .min(1)
  .max(100);

const operation = z.strictObject({
  /** The operationId; `GET /orders/{id}` for an operation that has none. */
  id: z.string().min(1).max(300),
  /** The tool's name after the prefix. */
  name: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/)
    .optional(),
  description: z.string().min(1).max(4000).optional(),
  side_effect: sideEffect.optional(),
  approval: approval.optional(),
  timeout_seconds: timeoutSeconds.optional(),
  returns_private: z.boolean().optional(),
  response_fields: responseFields.optional(),
});

const credential = z
  .strictObject({
    in: z.enum(['header', 'query']),
    name: z.string().min(1).max(100),
    /** Name of the environment variable that holds the value: secrets do not belong into this JSON. */
    value_env: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
    /** In front of the value: `Bearer `. */
    prefix: z
      .string()
      .regex(/^[\x20-\x7e]{0,50}$/)
      .default(''),
  })
  .refine(
    ({ in: place, name }) => place === 'query' || (HEADER_NAME.test(name) && !NEVER_SET.test(name)),
    'is a header that must not be set',
  );

/** One entry of PERCH_HTTP_TOOLS: an HTTP API, and what agents may do with it. */
export const httpApiSchema = z.strictObject({
  /** In front of every tool's name. */
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}$/, 'must be 1 to 32 of a-z, A-Z, 0-9, _ and -'),
  /** A file with an OpenAPI 3.0 or 3.1 document, JSON or YAML. */
  document: z
    .string()
    .min(1)
    .refine((path) => !/^[a-z][a-z0-9+.-]+:/i.test(path), 'must be a local file: documents are not fetched'),
  /** Origin and path that every call goes to. The document's `servers` do not count. */
  base_url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL', abort: true })
    .refine((url) => {
      const { username, password, search, hash } = new URL(url);
      return username + password + search + hash === '' && !/[?#]/.test(url);
    }, 'must have no user, query or fragment'),
  operations: z
    .array(
      z.union([
        z
          .string()
          .min(1)
          .max(300)
          .transform((id): HttpOperation => ({ id })),
        operation,
      ]),
    )
    .min(1)
    .max(128),
  methods: z.array(z.enum(METHODS)).min(1).default(['GET']),
  /** Header parameters of the document that the model may set. */
  headers: z
    .array(headerName.refine((name) => !NEVER_BY_MODEL.test(name), 'is a header that a model must not set'))
    .max(50)
    .default([]),
  credentials: z.array(credential).max(10).default([]),
  timeout_seconds: timeoutSeconds.default(15),
  /** Of an answer. What is longer is cut. */
  max_bytes: z.number().int().min(1000).max(1_000_000).default(262_144),
  /** Which permission a caller needs for these tools. */
  permission: z.enum(PERMISSIONS).default('tools:use'),
  /** Members of JSON answers that the model is shown; left out: all. */
  response_fields: responseFields.optional(),
  /** Whether answers carry data that must not leave the installation. Left out: when there are credentials. */
  returns_private: z.boolean().optional(),
  /** Carries a key that is the same when a call is repeated, for calls that change something. `null`: none is sent. */
  idempotency_header: headerName.nullable().default('Idempotency-Key'),
});

export type HttpOperation = z.output<typeof operation>;
export type HttpApi = z.output<typeof httpApiSchema>;

export const httpApisSchema = z
  .array(httpApiSchema)
  .max(50)
  .refine((apis) => new Set(apis.map(({ name }) => name)).size === apis.length, 'names must differ');
