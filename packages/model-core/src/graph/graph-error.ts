import { SmolVLMError } from "@smolvlm/contracts";

/** A graph was put together wrongly: shapes that do not fit, or values of two graphs. A fault of the code that builds it. */
export class GraphError extends SmolVLMError {
  static override readonly errorName: string = "GraphError";
}
