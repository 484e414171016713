import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({
  "node/index": "src/node/index.ts",
  "node/convert-worker": "src/node/convert-worker.ts",
  "web/index": "src/web/index.ts",
  // Loaded from beside each other.
  "web/worker-converter": "src/web/worker-converter.ts",
  "web/convert-worker": "src/web/convert-worker.ts",
});
