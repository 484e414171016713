import { signal } from "@preact/signals";
import { MediaError } from "smolvlm";
import { problemOf } from "../lib/problem.js";
import { notice } from "./notice.js";

/** A picture or clip that belongs to a question. */
export type Attachment = {
  readonly id: number;
  readonly name: string;
  readonly blob: Blob;
  /** Shows it. */
  readonly url: string;
} & ({ readonly kind: "image"; readonly width: number; readonly height: number } | { readonly kind: "video" });

/** What the next question is about. */
export const attachments = signal<readonly Attachment[]>([]);

let lastId = 0;

/** An animation is a clip for the model, though an `<img>` shows it. */
export function shownAsPicture({ blob, kind }: Attachment): boolean {
  return kind === "image" || blob.type.startsWith("image/");
}

/** Takes files as attachments; what is neither picture nor clip is told. */
export async function attach(files: Iterable<Blob>, name?: string): Promise<void> {
  for (const blob of files) {
    const known = blob instanceof File && blob.name !== "" ? blob.name : (name ?? "");
    try {
      const attachment = await read(blob, known);
      attachments.value = [...attachments.value, attachment];
      notice.value = undefined;
    } catch (error) {
      notice.value = problemOf(error);
    }
  }
}

/** Takes one away. */
export function detach(id: number): void {
  attachments.value = attachments.value.filter((each) => each.id !== id);
}

async function read(blob: Blob, name: string): Promise<Attachment> {
  const common = { id: ++lastId, name, blob, url: URL.createObjectURL(blob) };
  if (blob.type.startsWith("video/") || (await isAnimation(blob))) return { ...common, kind: "video" };
  try {
    const bitmap = await createImageBitmap(blob);
    const { width, height } = bitmap;
    bitmap.close();
    return { ...common, kind: "image", width, height };
  } catch (cause) {
    URL.revokeObjectURL(common.url);
    throw new MediaError(name || "the file", "the browser cannot read it as a picture.", { cause });
  }
}

/** Whether a GIF or WebP has more than one frame. */
async function isAnimation(blob: Blob): Promise<boolean> {
  if (!/^image\/(gif|webp)$/.test(blob.type)) return false;
  const { ImageDecoder } = globalThis as {
    readonly ImageDecoder?: new (init: { data: ReadableStream; type: string }) => {
      readonly tracks: {
        readonly ready: Promise<void>;
        readonly selectedTrack: { readonly frameCount: number } | null;
      };
      readonly completed: Promise<void>;
      close(): void;
    };
  };
  if (!ImageDecoder) return blob.type === "image/gif";
  const decoder = new ImageDecoder({ data: blob.stream(), type: blob.type });
  try {
    await decoder.tracks.ready;
    await decoder.completed;
    return (decoder.tracks.selectedTrack?.frameCount ?? 1) > 1;
  } catch {
    return false;
  } finally {
    decoder.close();
  }
}
