/** Keys for what is stored encrypted. Derived from the installation's one secret: who changes that loses what they sealed. */
export interface DerivedKeys {
  /** 256 bits. `purpose` keeps the keys of different uses apart. */
  keyFor(purpose: string): Buffer;
}

export const DERIVED_KEYS = Symbol('DERIVED_KEYS');
