/** The part of Node's WebAssembly that is used here: its types come with the DOM library only, which this is not for. */
declare namespace WebAssembly {
  class Module {
    private readonly brand: 'Module';
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
    /** By so many pages of 64 KiB. Throws `RangeError` when it may not. */
    grow(pages: number): number;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
