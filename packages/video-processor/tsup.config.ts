import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild(
  { index: "src/index.ts", "node/index": "src/node/index.ts", "web/index": "src/web/index.ts" },
  { platform: "node" },
);
