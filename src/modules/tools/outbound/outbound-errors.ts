export type OutboundRefusal =
  | 'invalid_url'
  | 'credentials_forbidden'
  | 'scheme_forbidden'
  | 'port_forbidden'
  /** The name itself: internal, without a dot, or our own. */
  | 'host_forbidden'
  | 'address_forbidden'
  | 'origin_forbidden'
  | 'method_forbidden'
  | 'header_forbidden'
  /** From https to http. */
  | 'downgrade_forbidden';

/** The request goes against the rules, and so was not sent; or its redirect was not followed. No text of it is in here. */
export class OutboundRefused extends Error {
  constructor(readonly reason: OutboundRefusal) {
    super(`the outbound request is refused: ${reason}`);
    this.name = 'OutboundRefused';
  }
}

export type OutboundFailure =
  | 'timeout'
  /** The caller's signal. */
  | 'cancelled'
  /** Too many requests at once in this process. */
  | 'busy'
  | 'dns'
  | 'connection'
  | 'tls'
  /** What came is no HTTP, or in an encoding that nobody asked for. */
  | 'protocol'
  /** Headers beyond the bound. A body beyond it is cut, which is no failure. */
  | 'too_large'
  | 'too_many_redirects';

/** The request was allowed, and got no usable answer. */
export class OutboundFailed extends Error {
  constructor(
    readonly reason: OutboundFailure,
    /** The system's or undici's code, such as `ECONNREFUSED`: for logs. Addresses are left out. */
    readonly code?: string,
  ) {
    super(`the outbound request failed: ${reason}${code === undefined ? '' : ` (${code})`}`);
    this.name = 'OutboundFailed';
  }
}
