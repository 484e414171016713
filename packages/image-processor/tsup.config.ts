import { packageBuild } from "@smolvlm/tooling/tsup";

export default packageBuild(
  {
    index: "src/index.ts",
    pixels: "src/pixels.ts",
    "node/index": "src/node/index.ts",
    "web/index": "src/web/index.ts",
  },
  { platform: "node" },
);
