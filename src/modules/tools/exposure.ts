/** How a destination that the model wrote relates to what the run has read. */
export type DestinationVerdict =
  /** Trusted by the operator, or nothing in it can be from anywhere but what strangers or the user wrote. */
  | 'known'
  /** The model has put it together. */
  | 'composed'
  /** It carries a piece of what must not leave. */
  | 'leaks';

/** What a run has been exposed to before the step that is to be decided on. */
export interface Exposure {
  /** Text that strangers wrote is, or was, before the model: it may act for them. */
  readonly hasUntrusted: boolean;
  /** So is data that must not leave the installation. */
  readonly hasPrivate: boolean;
  judge(destination: string): DestinationVerdict;
}
