import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({
  "node/index": "src/node/index.ts",
  "node/convert-worker": "src/node/convert-worker.ts",
  "web/index": "src/web/index.ts",
});
