import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { ScriptedFault, ScriptedReply } from './scripted-reply.js';
import type { Wire, WireEvent, WireRequest } from './wire.js';

/** Sends one scripted reply, faults included. Returns when it is sent, or when the client has gone. */
export async function playReply(
  response: ServerResponse,
  wire: Wire,
  request: WireRequest,
  reply: ScriptedReply,
): Promise<void> {
  const fault = reply.fault;
  if (fault && 'neverHeaders' in fault) return;
  if (fault && 'resetBeforeHeaders' in fault) return reset(response);
  if (fault && 'status' in fault) {
    const body = fault.body ?? wire.errorBody(fault.status, 'scripted failure, never to be shown');
    response.writeHead(fault.status, {
      'content-type': 'application/json',
      'x-request-id': 'req_scripted',
      'request-id': 'req_scripted',
      ...fault.headers,
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    return;
  }
  if (fault && 'rawSse' in fault) {
    response.writeHead(200, { 'content-type': fault.contentType ?? 'text/event-stream', ...reply.headers });
    await write(response, Buffer.from(fault.rawSse), reply.splitBytes);
    response.end();
    return;
  }
  if (request.body.stream !== true) {
    if (reply.delayMs) await wait(reply.delayMs);
    response
      .writeHead(200, { 'content-type': 'application/json', ...reply.headers })
      .end(JSON.stringify(wire.json(reply, request)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...reply.headers });
  response.flushHeaders();
  await sendEvents(response, wire, request, reply);
}

async function sendEvents(
  response: ServerResponse,
  wire: Wire,
  request: WireRequest,
  reply: ScriptedReply,
): Promise<void> {
  const events = wire.stream(reply, request);
  const cut = cutOf(reply.fault);
  const limit = cut.afterEvents ?? Infinity;
  let bytesLeft = cut.afterBytes ?? Infinity;
  for (const [at, event] of events.entries()) {
    if (at >= limit || bytesLeft <= 0 || response.destroyed) break;
    if (at > 0 && reply.delayMs) await wait(reply.delayMs);
    const bytes = Buffer.from(decoration(wire, reply) + frame(event, reply)).subarray(0, bytesLeft);
    bytesLeft -= bytes.length;
    await write(response, bytes, reply.splitBytes);
  }
  await end(response, wire, reply);
}

async function end(response: ServerResponse, wire: Wire, reply: ScriptedReply): Promise<void> {
  const fault = reply.fault;
  if (reply.lateEndMs) await wait(reply.lateEndMs);
  if (!fault) return void response.end();
  if ('stallAfterEvents' in fault) return;
  if ('resetAfterEvents' in fault || 'resetAfterBytes' in fault) return reset(response);
  if ('pingForeverAfterEvents' in fault) {
    const ping = wire.ping();
    while (!response.destroyed) {
      await write(response, Buffer.from(ping ? frame(ping, reply) : ': ping\n\n'), undefined);
      await wait(fault.pingEveryMs, undefined, { ref: false });
    }
    return;
  }
  if ('errorEventAfterEvents' in fault) {
    await write(
      response,
      Buffer.from(frame(wire.errorEvent(fault.errorType, fault.errorCode), reply)),
      reply.splitBytes,
    );
  }
  response.end();
}

function cutOf(fault: ScriptedFault | undefined): { afterEvents?: number; afterBytes?: number } {
  if (!fault) return {};
  if ('resetAfterBytes' in fault) return { afterBytes: fault.resetAfterBytes };
  if ('endAfterBytes' in fault) return { afterBytes: fault.endAfterBytes };
  if ('resetAfterEvents' in fault) return { afterEvents: fault.resetAfterEvents };
  if ('endAfterEvents' in fault) return { afterEvents: fault.endAfterEvents };
  if ('stallAfterEvents' in fault) return { afterEvents: fault.stallAfterEvents };
  if ('pingForeverAfterEvents' in fault) return { afterEvents: fault.pingForeverAfterEvents };
  if ('errorEventAfterEvents' in fault) return { afterEvents: fault.errorEventAfterEvents };
  return {};
}

function frame({ event, data }: WireEvent, reply: ScriptedReply): string {
  const newline = reply.crlf ? '\r\n' : '\n';
  const space = reply.tightData ? '' : ' ';
  const head = event === undefined ? '' : `event:${space}${event}${newline}`;
  return `${head}data:${space}${typeof data === 'string' ? data : JSON.stringify(data)}${newline}${newline}`;
}

function decoration(wire: Wire, reply: ScriptedReply): string {
  const newline = reply.crlf ? '\r\n' : '\n';
  const comment = reply.comments ? `: still here${newline}` : '';
  if (!reply.pings) return comment;
  const ping = wire.ping();
  return comment + (ping ? frame(ping, reply) : `: ping${newline}${newline}`);
}

async function write(response: ServerResponse, bytes: Buffer, splitBytes: number | undefined): Promise<void> {
  const size = splitBytes ?? Math.max(bytes.length, 1);
  for (let at = 0; at < bytes.length; at += size) {
    if (response.destroyed) return;
    if (!response.write(bytes.subarray(at, at + size))) await drained(response);
    // Each piece is an HTTP chunk of its own; the turn also makes it a packet of its own.
    if (splitBytes !== undefined) await turn();
  }
}

async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** RST instead of FIN, once the kernel has what was written. */
async function reset(response: ServerResponse): Promise<void> {
  await turn();
  response.socket?.resetAndDestroy();
}
