import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild(
  { main: "src/main.ts", bench: "src/bench/index.ts", "bandwidth-worker": "src/bench/bandwidth-worker.ts" },
  { platform: "node" },
);
