const PAGE_BYTES = 64 * 1024;

/**
 * Memory for a WebAssembly module that imports its memory: it never grows beyond `maxMb`, whatever runs in the module.
 * A worker's `memoryMb` does not count it.
 */
export function boundedWasmMemory(initialMb: number, maxMb: number): WebAssembly.Memory {
  const pages = (megabytes: number): number => Math.ceil((megabytes * 1024 * 1024) / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages(initialMb), maximum: pages(Math.max(initialMb, maxMb)) });
}
