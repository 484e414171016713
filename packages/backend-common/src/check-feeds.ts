import { BackendError, type Tensor } from "@smolvlm/contracts";
import type { InputInfo } from "./engine-protocol.js";

/**
 * The feeds a graph takes, checked for presence, element type, rank and fixed dimensions. Others are left out.
 *
 * @param where the session, for messages.
 * @throws BackendError naming the input, what it should be and what was given.
 */
export function checkFeeds(
  where: string,
  inputs: readonly InputInfo[],
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const checked: Record<string, Tensor> = {};
  for (const { name, dtype, dims } of inputs) {
    const feed = feeds[name];
    const expected = `${dtype} [${dims.join(", ")}]`;
    if (feed === undefined) {
      const given = Object.keys(feeds).join(", ") || "none";
      throw new BackendError(where, `input ${name} is missing: feed ${expected}; the inputs given are: ${given}.`);
    }
    const fits =
      feed.dtype === dtype &&
      feed.dims.length === dims.length &&
      dims.every((dim, axis) => typeof dim === "string" || dim === feed.dims[axis]);
    if (!fits) {
      throw new BackendError(
        where,
        `input ${name}: expected ${expected}, found ${feed.dtype} [${feed.dims.join(", ")}].`,
      );
    }
    checked[name] = feed;
  }
  return checked;
}
