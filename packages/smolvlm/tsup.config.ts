import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({ "node/index": "src/node/index.ts" }, { platform: "node" });
