/** 64 frames of a minute and of everything longer. */
export const SAMPLING = { numFrames: 64, fps: 2 };
