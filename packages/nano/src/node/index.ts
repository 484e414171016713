import { fileURLToPath } from "node:url";

// dist/node/index.js lies two folders below the package's root.
const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Absolute path of the folder that holds the checkpoint, in the files of a Hub repository. */
export const nanoModelPath: string = inPackage("model");

/** Absolute paths of the example media that the model answers about. */
export const nanoExamples: {
  /** A drawn scene of several coloured shapes, 512×512. */
  readonly scene: string;
  /** Another scene, to compare with the first. */
  readonly otherScene: string;
  /** A printed word. */
  readonly sign: string;
  /** A short clip of one moving shape, an animated GIF. */
  readonly clip: string;
} = {
  scene: inPackage("examples/scene.png"),
  otherScene: inPackage("examples/scene-2.png"),
  sign: inPackage("examples/sign.png"),
  clip: inPackage("examples/clip.gif"),
};
