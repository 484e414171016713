import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({ index: "src/index.ts", worker: "src/worker.ts" });
