"""Writes fixtures/tokenizer/chat-templates.json: conversations rendered by the library, and fixtures/processor/errors.json: its refusals."""

import copy

import torchvision_shim  # noqa: F401  (before transformers)
from PIL import Image
from transformers import AutoImageProcessor, AutoProcessor
from transformers.models.smolvlm.processing_smolvlm import DEFAULT_CHAT_TEMPLATE
from transformers.utils.chat_template_utils import render_jinja_template

from paths import CHECKPOINTS, FIXTURES, versions, write_json
from small_tokenizer import TEMPLATE
from synthetic import synthetic_image, synthetic_video


def t(text: str) -> dict:
    return {"type": "text", "text": text}


I, V = {"type": "image"}, {"type": "video"}


def m(role: str, *parts) -> dict:
    return {"role": role, "content": list(parts)}


CONVERSATIONS = [
    [m("user", I, t("Can you describe this image?"))], [m("user", t("Can you describe this image?"), I)], [m("user", t("Hello"))],
    [m("user", t("What do these images show?"), I, I), m("assistant", t("The first shows a cat.")), m("user", t("And who is that?"))],
    [m("system", t("You are a helpful assistant.")), m("user", I, t("Hi"))], [m("system", I, t("An image in a system message"))],
    [m("USER", t("capitals")), m("aSSistant", t("mixed")), m("tool", t("other role")), m("éric", t("accent")), m("ßeta", t("sharp s")), m("two words", t("x"))],
    [m("ΧΡΗΣΤΗΣ", t("a last sigma")), m("ǆ", t("title case")), m("ᾳσ", t("title case")), m("მომხმარებელი", t("no title case"))],
    [m("user", V, t("Describe this video in detail"))], [m("user", t("What happens?"), V)], [m("user", V, I, t("both"))], [m("user", I, V, t("both"))],
    [m("user", I)], [m("user", V)], [m("user", I, I, I)], [m("user", t("a"), t("b"), t(" c "), I, t("\n"))], [m("user", t(""))],
    [m("user", t("  leading and trailing  \n"))], [m("user", t("{{ not a template }} {% raw %} <b>&amp;</b> \"quotes\" 'single' \\ 한국어 🙂"))],
    [m("user", t("<image> written by the user"))], [m("user", {"type": "audio", "path": "x"}, t("unknown part"))],
    [m("user", {"type": "image", "path": "a.png"}, t("with a path"))], [{"role": "user", "content": "a plain string"}],
    [{"role": "user", "content": "plain"}, m("assistant", t("parts"))], [m("assistant", t("only the assistant"))],
    [m("user", t("1")), m("assistant", t("2")), m("user", I, t("3")), m("assistant", t("4")), m("user", t("5"), I)],
]


def templates() -> list[dict]:
    out = []
    for conversation in CONVERSATIONS:
        for name, template in (("smolvlm", TEMPLATE), ("default-with-video", DEFAULT_CHAT_TEMPLATE)):
            for prompt in (True, False):
                case = {"template": name, "conversation": conversation, "add_generation_prompt": prompt}
                try:
                    rendered, _ = render_jinja_template(conversations=[copy.deepcopy(conversation)], chat_template=template, add_generation_prompt=prompt)
                    out.append({**case, "text": rendered[0]})
                except Exception as error:  # noqa: BLE001
                    out.append({**case, "error": {"type": type(error).__name__, "message": str(error)}})
    return out


def picture(size) -> Image.Image:
    return Image.fromarray(synthetic_image(*size))


def errors() -> list[dict]:
    """Calls of processor(text, images, videos) that the reference refuses, or accepts in a way worth knowing."""
    a, b = [20, 14], [9, 30]
    calls = [
        ("one placeholder, two pictures", {"text": ["<image>x"], "images": [[a, b]]}), ("two placeholders, one picture", {"text": ["<image><image>x"], "images": [[a]]}),
        ("no placeholder, one picture", {"text": ["x"], "images": [[a]]}), ("placeholder, no pictures", {"text": ["<image>x"]}),
        ("two rows, pictures in one list", {"text": ["<image>x", "<image>y"], "images": [a, b]}),
        ("two rows, picture in the wrong row", {"text": ["<image>x", "y"], "images": [[], [a]]}),
        ("two rows, one inner list", {"text": ["<image>x", "y"], "images": [[a]]}), ("a row without pictures", {"text": ["<image>x", "y"], "images": [[a], []]}),
        ("nothing", {}), ("text only", {"text": ["x"]}), ("pictures only", {"images": [[a]]}), ("flat list, one row", {"text": ["<image>x<image>"], "images": [a, b]}),
        ("three rows of two", {"text": ["<image><image>", "<image><image>", "<image><image>"], "images": [[a, b], [a, b], [a]]}),
        ("truncated", {"text": ["<image>x"], "images": [[a]], "truncation": True, "max_length": 10}),
        ("video placeholder, no video", {"text": ["<video>x"]}), ("video without placeholder", {"text": ["x"], "videos": [[8, 6, 2]]}),
        ("two videos, one placeholder", {"text": ["<video>x"], "videos": [[8, 6, 2], [8, 6, 2]]}),
    ]
    out = []
    for checkpoint in ("v2-gqa-fp32", "v1-gqa-fp32"):
        processor = AutoProcessor.from_pretrained(CHECKPOINTS / checkpoint)
        processor.image_processor = AutoImageProcessor.from_pretrained(CHECKPOINTS / checkpoint, backend="pil")
        for name, call in calls:
            if checkpoint.startswith("v1") and "videos" in call:
                continue
            given = dict(call)
            if "images" in call:
                nested = isinstance(call["images"][0], list) and (not call["images"][0] or isinstance(call["images"][0][0], list))
                given["images"] = [[picture(s) for s in row] for row in call["images"]] if nested else [picture(s) for s in call["images"]]
            if "videos" in call:
                given["videos"] = [[synthetic_video(*s) for s in call["videos"]]]
            entry = {"checkpoint": checkpoint, "name": name, "call": call}
            try:
                result = processor(**given)
                out.append({**entry, "accepted": {"keys": sorted(result.keys()), "input_ids": result["input_ids"] if "input_ids" in result else None}})
            except Exception as error:  # noqa: BLE001
                out.append({**entry, "error": {"type": type(error).__name__, "message": str(error)}})
    return out


def main() -> None:
    cases = templates()
    write_json(FIXTURES / "tokenizer" / "chat-templates.json", {
        "versions": versions(), "templates": {"smolvlm": TEMPLATE, "default-with-video": DEFAULT_CHAT_TEMPLATE}, "cases": cases,
    }, indent=None)
    refused = errors()
    write_json(FIXTURES / "processor" / "errors.json", {"versions": versions(), "cases": refused}, indent=1)
    for path, first in ((FIXTURES / "tokenizer" / "chat-templates.json", '{"template"'),):
        path.write_text(path.read_text().replace(first, "\n" + first))
    print(len(cases), "renderings;", len(refused), "processor calls")
    for e in refused:
        print(e["checkpoint"], "|", e["name"], "|", e.get("error", "accepted"))


if __name__ == "__main__":
    main()
