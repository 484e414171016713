import { convertHere } from "@smolvlm/model-core";
import type { ConvertCall, ConvertReply } from "./converting-threads.js";

/** What a converting thread answers, and the buffers to move with it. */
export async function answerConversion({ id, request }: ConvertCall): Promise<[ConvertReply, ArrayBuffer[]]> {
  try {
    const rows = await convertHere(request);
    return [{ id, rows }, [...new Set(rows.parts.map(({ buffer }) => buffer))]];
  } catch (error) {
    return [{ id, problem: error instanceof Error ? error.message : String(error) }, []];
  }
}
