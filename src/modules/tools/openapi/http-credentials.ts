import type { HttpApi } from '../../../config/http-tools.schema.js';
import type { Secret } from '../../../config/secret.js';
import { percentEncode } from './percent-encode.js';
import { createScrubber, type Scrubber } from './scrub-secrets.js';

/** An API's secrets: put into a request as the last thing, struck out of everything that comes back. */
export interface HttpCredentials {
  readonly scrubber: Scrubber;
  /** In place of whatever stands there under the same name. */
  addTo(request: { readonly headers: Readonly<Record<string, string>>; readonly query: string }): {
    readonly headers: Record<string, string>;
    readonly query: string;
  };
}

/** Every credential's variable is in `values`: the configuration was checked. */
export function createCredentials(api: HttpApi, values: ReadonlyMap<string, Secret>): HttpCredentials {
  const all = api.credentials.map(({ in: place, name, value_env: variable, prefix }) => ({
    place,
    name,
    secret: values.get(variable)!,
    prefix,
  }));
  return {
    scrubber: createScrubber(all.map(({ secret }) => secret.reveal())),
    addTo: ({ headers, query }) => {
      const complete: Record<string, string> = { ...headers };
      const pairs = query === '' ? [] : query.split('&');
      for (const { place, name, secret, prefix } of all) {
        const value = `${prefix}${secret.reveal()}`;
        if (place === 'header') complete[name.toLowerCase()] = value;
        else pairs.push(`${percentEncode(name)}=${percentEncode(value)}`);
      }
      return { headers: complete, query: pairs.join('&') };
    },
  };
}
