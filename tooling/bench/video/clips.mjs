import { execFile } from "node:child_process";
import { access, mkdir, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Changes the names of the files when what is in them changes. */
const VERSION = 1;

async function once(path, make) {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  // Complete, or not there: an interrupted run must not leave half a clip.
  const partial = path.replace(/\.mp4$/, `.${process.pid}.partial.mp4`);
  await make(partial);
  await rename(partial, path);
  return path;
}

/**
 * A clip of 1280 × 720 at 30 frames a second, H.264 with B-frames and a key frame every 250 frames (x264's own default), drawn, with noise. A
 * longer one repeats the minute: what is decoded is the same, and making an hour takes seconds.
 *
 * @param {string} ffmpeg
 * @param {number} minutes
 * @returns {Promise<string>} its path, in a folder for temporary files where the next run finds it
 */
export async function clip(ffmpeg, minutes) {
  const folder = join(tmpdir(), `smolvlm-bench-clips-${VERSION}`);
  await mkdir(folder, { recursive: true });
  const minute = await once(join(folder, "1.mp4"), async (path) => {
    const source = [
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=1280x720:r=30",
      "-vf",
      "noise=alls=8:allf=t,format=yuv420p",
      "-t",
      "60",
    ];
    const encoder = ["-c:v", "libx264", "-preset", "fast", "-crf", "28", "-g", "250", "-bf", "3"];
    await run(ffmpeg, ["-v", "error", "-y", ...source, ...encoder, path]);
  });
  if (minutes === 1) return minute;
  return once(join(folder, `${minutes}.mp4`), async (path) => {
    await run(ffmpeg, ["-v", "error", "-y", "-stream_loop", String(minutes - 1), "-i", minute, "-c", "copy", path]);
  });
}

/**
 * One drawn frame of a size, as RGB.
 *
 * @returns {Promise<{ width: number, height: number, data: Uint8Array }>}
 */
export async function drawnFrame(ffmpeg, width, height) {
  const source = ["-f", "lavfi", "-i", `mandelbrot=s=${width}x${height}`, "-frames:v", "1"];
  const { stdout } = await run(ffmpeg, ["-v", "error", ...source, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], {
    encoding: "buffer",
    maxBuffer: 2 ** 27,
  });
  return { width, height, data: Uint8Array.from(stdout) };
}
