"""The conversations of the cases, per checkpoint. Kept small: pixel values are stored as float32."""

from dataclasses import dataclass, field

IMAGES = (".png", ".jpg")


def part(item: str) -> dict:
    if item.startswith("clips/"):
        return {"type": "video", "path": item}
    if item.endswith(IMAGES):
        return {"type": "image", "path": item}
    return {"type": "text", "text": item}


def message(role: str, *items: str) -> dict:
    return {"role": role, "content": [part(item) for item in items]}


def user(*items: str) -> list[dict]:
    return [message("user", *items)]


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    conversations: list
    tags: tuple[str, ...] = ()
    images_kwargs: dict = field(default_factory=dict)
    videos_kwargs: dict = field(default_factory=dict)
    flavour: str = "pil"
    add_generation_prompt: bool = True


SCENE, TALL, WIDE, SQUARE, ICON = "scene-64x48.png", "tall-37x91.png", "wide-120x33.png", "square-64x64.png", "icon-9x7.png"
GREY, ALPHA, PALETTE, EXIF = "grey-51x50.png", "alpha-45x60.png", "palette-trns-48x40.png", "exif6-70x42.jpg"
PHOTO, STRIP = "photo-61x33.jpg", "strip-300x20.png"
BALL, BARS, FRAMES = "clips/ball-40x30.gif", "clips/bars-33x48.gif", "clips/frames-56x32"
BALL_H264, BARS_VP9 = "clips/ball-96x64-h264.mp4", "clips/bars-64x96-vp9.mp4"
UNSPLIT = {"do_image_splitting": False}

ONE = Case("one-image", "a picture, then a question", [user(SCENE, "What is in this image?")], ("image", "hidden-states"))
ONE_PLAIN = Case("one-image", "a picture of two tiles, then a question", [user(WIDE, "What is in this image?")], ("image",))
ONE_SMALL = Case("one-image", "a picture of two tiles, then a question", [user(WIDE, "What is in this image?")], ("image", "hidden-states"))
TEXT = Case("text-only", "no picture at all", [user("Who are you? Count: 1, 22, 333 …\n\nÜber 50 % — ½, ②, 🙂.")], ("text",))
TURNS = [
    message("system", "You are a helpful assistant."), *user("Describe the picture.", WIDE),
    message("assistant", "The image shows a red circle and a blue square."), *user("And how many shapes are there?"),
]
TWO_WIDE = user("Which of these images is brighter?", WIDE, STRIP)
MIXED = Case(
    "batch-mixed", "rows of different lengths, left padded: text only, one picture, several turns, two pictures",
    [user("Who are you?"), user(WIDE, "What is this?"), TURNS, TWO_WIDE], ("image", "batch", "text"),
)
MIXED_THREE = Case(
    "batch-mixed", "rows of different lengths, left padded: text only, one picture, several turns",
    [user("Who are you?"), user(WIDE, "What is this?"), TURNS], ("image", "batch", "text"),
)
MIXED_SMALL = Case(
    "batch-mixed", "two rows, left padded: one with a picture, one with text only", [user(WIDE, "What is this?"), user("Who are you?")],
    ("image", "batch", "text"),
)
WIDE_CASE = Case("wide", "a picture 15 times as wide as high", [user(STRIP, "Describe the picture.")], ("image",))
NO_SPLIT = Case("no-splitting", "do_image_splitting=False: one frame per picture", [user(SCENE, TALL, "Compare them.")], ("image", "no-splitting"), UNSPLIT)

FULL = [
    ONE,
    Case("two-images", "text first, then two pictures", [user("What do these images show?", TALL, WIDE)], ("image",)),
    Case("interleaved", "three pictures with text between them", [user(PHOTO, "is the first,", WIDE, "the second and", TALL, "the last. Which is best?")], ("image",)),
    Case("multi-turn", "a system message and several turns", [TURNS], ("image",)),
    Case("multi-turn-images", "a picture in each of two turns", [[*user(WIDE, "What is this?"), message("assistant", "A strip."), *user("And this?", STRIP)]], ("image",)),
    TEXT, MIXED, NO_SPLIT, WIDE_CASE,
    Case("tall", "a picture higher than wide", [user(TALL, "Describe the picture.")], ("image",)),
    Case("tiny-icon", "a picture of 9 x 7 pixels, which is enlarged", [user(ICON, "What is this?")], ("image", "no-splitting"), UNSPLIT),
    Case("colour-modes", "grey, RGBA, palette with transparency, and a JPEG to be rotated by its EXIF orientation",
         [user(GREY, ALPHA, PALETTE, EXIF, "Name the colours.")], ("image", "no-splitting"), UNSPLIT),
    Case("batch-two-texts", "text rows only, of different lengths", [user("Hi!"), user("Tell me, in 12 words or more: why is the sky blue?")], ("batch", "text")),
    Case("no-generation-prompt", "add_generation_prompt=False", [user("Describe the sky.")], ("text",), add_generation_prompt=False),
    Case("one-image-budget", "size.longest_edge of one tile: what a budget of one tile makes of any picture", [user(SCENE, "What is in this image?", TALL)], ("image",),
         {"size": {"longest_edge": 28}}),
    Case("torchvision-one-image", "the fast image processor", [user(SCENE, "What is in this image?")], ("image", "pixels-only"), flavour="torchvision"),
]
VIDEO_ONE = Case("video-one", "a clip of 3 seconds, then a question", [user(BALL, "What moves?")], ("video",))
VIDEOS = [
    VIDEO_ONE,
    Case("video-two", "two clips of different lengths in one row", [user("Compare", BALL, "with", BARS, "now.")], ("video",)),
    Case("video-frames", "frames given as arrays with metadata, no sampling", [user(FRAMES, "Describe this video in detail")], ("video",),
         videos_kwargs={"do_sample_frames": False}),
    Case("video-frames-sampled", "frames given as arrays, sampled at 2 frames a second", [user(FRAMES, "Describe this video in detail")],
         ("video",), videos_kwargs={"fps": 2}),
    Case("video-num-frames", "at most 2 frames", [user("What happens?", BARS)], ("video",), videos_kwargs={"num_frames": 2}),
    Case("video-batch", "rows with clips of different lengths: the reference announces the longest row's frame count in every row",
         [user(BALL, "What moves?"), user(BARS, "And here?")], ("video", "batch")),
    Case("video-files", "a file of H.264 with B-frames and one of VP9 in one row, at 2 frames a second", [user("Compare", BALL_H264, "with", BARS_VP9, "now.")],
         ("video",), videos_kwargs={"fps": 2}),
    Case("video-files-batch", "rows with files of different lengths", [user(BARS_VP9, "What moves?"), user(BALL_H264, "And here?")], ("video", "batch")),
    Case("video-turns", "a clip in the first of several turns",
         [[message("system", "Be brief."), *user(BALL, "What moves?"), message("assistant", "A disc."), *user("Which colour?")]], ("video",)),
]

V1_LEFT_OUT = ("one-image", "tall", "wide", "no-generation-prompt", "multi-turn-images", "interleaved", "torchvision-one-image", "batch-mixed", "one-image-budget")  # the same code as in v2
CASES: dict[str, list[Case]] = {
    "v2-gqa-fp32": [*FULL, *VIDEOS],
    "v1-gqa-fp32": [ONE_SMALL, MIXED_THREE, *[case for case in FULL if case.name not in V1_LEFT_OUT]],
    "v2-tf4-sharded-fp32": [ONE_PLAIN, TEXT, MIXED_SMALL, VIDEO_ONE, VIDEOS[5]],
    "v2-tied-bf16": [Case("one-image", "a picture of 2 x 4 tiles", [user(WIDE, "What is in this image?")], ("image",)), TEXT, NO_SPLIT, VIDEO_ONE],
    "v2-patch14-fp16": [ONE_SMALL, MIXED_SMALL, VIDEO_ONE],
    "v1-2b-fp16": [ONE_PLAIN, MIXED_SMALL, NO_SPLIT, TEXT],
    "v2-defaults-bf16": [ONE_SMALL, MIXED_SMALL, TEXT],
    "v1-tf5-bf16": [ONE_PLAIN, MIXED_SMALL, TEXT],
    "v2-base-fp32": [ONE_PLAIN, MIXED_SMALL, TEXT],
}
