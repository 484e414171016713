import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild({ main: "src/main.ts" }, { platform: "node" });
