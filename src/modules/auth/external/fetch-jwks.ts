/** Providers have a handful of keys, of a few hundred bytes each. */
const MAX_BYTES = 256 * 1024;

/** The provider's keys could not be had: it is away, or what it says is no set of keys. */
export class KeysUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('the keys of the identity provider cannot be had', options);
    this.name = 'KeysUnavailable';
  }
}

/**
 * Fetches a set of keys. The address is the operator's own, inside their network or not, and no caller can change it;
 * redirects are not followed. Throws KeysUnavailable whatever happens.
 */
export async function fetchJwks(
  url: string,
  init: { readonly headers: Headers; readonly signal: AbortSignal },
): Promise<Response> {
  try {
    const response = await fetch(url, { ...init, redirect: 'error' });
    if (response.status !== 200 || !response.body) throw new Error(`HTTP ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength;
      if (length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Response.json(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (cause) {
    throw new KeysUnavailable({ cause });
  }
}
