import { workerData } from 'node:worker_threads';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import { boundedWasmMemory } from '../../sandbox/bounded-wasm-memory.js';
import type { Program, ProgramOutcome } from './program-outcome.js';
import { runProgram } from './run-program.js';

/** What the interpreter begins with; the program's own limit comes on top. */
const INTERPRETER_MB = 16;

export interface RunCodeInput extends Program {
  /** QuickJS, compiled once for all threads. */
  readonly wasm: WebAssembly.Module;
}

const { wasm, ...program } = workerData as RunCodeInput;

const quickJs = await newQuickJSWASMModuleFromVariant(
  // Its types are those of its CommonJS build, where the variant is one level deeper.
  newVariant(variant as unknown as QuickJSSyncVariant, {
    wasmModule: wasm,
    wasmMemory: boundedWasmMemory(INTERPRETER_MB, INTERPRETER_MB + program.memoryMb),
  }),
);

export default (): ProgramOutcome => runProgram(quickJs, program);
