/** What reports say of the machine that was measured. */
import { cpus, totalmem } from "node:os";
import { nodeBackend } from "smolvlm";

/** The processor's maker and line, without the model's number, and its cores. */
export function machine() {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${/^AMD EPYC/.test(model) ? "AMD EPYC" : model}, ${cpus().length} cores`;
}

/** Bits of the activations that products of int8 rows take on the CPU: 7 on x86 without VNNI, else 8. A backend starts nothing until it is asked. */
export function rowwiseBits() {
  return nodeBackend().target.quantizedMatMul.rowwiseBits;
}

/** The machine and its memory; of x86 also whether it has an instruction for products of int8, on which much depends. */
export function machineLine() {
  const vnni = process.arch === "x64" ? `, ${rowwiseBits() < 8 ? "without" : "with"} VNNI` : "";
  return `${machine()}${vnni}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
}
