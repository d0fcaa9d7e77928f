import { request as send } from 'node:http';
import type {
  HttpClient,
  HttpRequest,
  HttpResponse,
} from '../../../src/modules/tools/openapi/http-client.js';

/** A client without the guard, for tests: sends what it is given, follows nothing, stops at the bounds. */
export class PlainHttpClient implements HttpClient {
  readonly requests: HttpRequest[] = [];

  request(given: HttpRequest): Promise<HttpResponse> {
    this.requests.push(given);
    const { url, method, headers, body, maxBytes } = given;
    const timeout = AbortSignal.timeout(given.timeoutMs);
    const signal = AbortSignal.any([given.signal, timeout]);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(timeout.aborted ? new DOMException(`${url} took too long`, 'TimeoutError') : error);
      const request = send(url, { method, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const settle = (truncated: boolean): void => {
          const whole = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: new Headers(response.headers as Record<string, string>),
            body: whole.subarray(0, maxBytes),
            truncated,
          });
        };
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if ((size += chunk.length) <= maxBytes) return;
          settle(true);
          response.destroy();
        });
        response.on('end', () => settle(false));
        response.on('error', fail);
      });
      request.on('error', fail);
      request.end(body);
    });
  }
}
