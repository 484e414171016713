import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild(
  {
    index: "src/index.ts",
    "node/index": "src/node/index.ts",
    "web/index": "src/web/index.ts",
    // Loaded from beside each other.
    "web/files-in-worker": "src/web/files-in-worker.ts",
    "web/file-worker": "src/web/file-worker.ts",
  },
  { platform: "node" },
);
