import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({ "node/index": "src/node/index.ts", "web/index": "src/web/index.ts" });
