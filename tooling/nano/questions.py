"""Questions with exactly one right answer about scenes, pairs of scenes and clips.

Wordings vary so that people can ask naturally; the answer to a given question about a given picture never does.
"""
from __future__ import annotations

import random

from scenes import COLOR_NAMES, SHAPES

NUMBERS = ["no", "one", "two", "three", "four", "five"]
TASKS = ["objects", "describe", "color", "position", "count", "background", "yesno", "text", "video", "which", "self"]


def an(color, noun):
    return f"{'an' if color[0] in 'aeiou' else 'a'} {color} {noun}"


def join(parts):
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def at(place):
    return {"left": "on the left", "right": "on the right", "top": "at the top", "bottom": "at the bottom"}.get(place, f"in the {place}")


def upper(text):
    return text[0].upper() + text[1:]


def plural(shape, n):
    return shape if n == 1 else shape + "s"


def reword(rng, question):
    """British spelling, a missing capital or question mark, a polite opening: the answer stays the same."""
    if "color" in question and rng.random() < 0.4:
        question = question.replace("color", "colour")
    r = rng.random()
    if r < 0.06:
        question = question.rstrip("?.")
    elif r < 0.12:
        question = question[0].lower() + question[1:]
    elif r < 0.15:
        question = "Please answer: " + question
    return question


def _in(rng):
    return rng.choice(["", "", " in the image", " in the picture", " here"])


def ask_objects(rng, scene):
    question = rng.choice(["What is in the image?", "What is in this image?", "What is in the picture?", "What do you see?", "What can you see?",
                           "What objects are in the image?", "Which objects are in the picture?", "What shapes are in the image?",
                           "List the objects.", "Name the objects in the picture.", "What is shown?", "What is this?", "What do you see in this image?",
                           "What objects do you see?", "Which shapes are there?"])
    return question, upper(listing(scene)) + "."


def listing(scene):
    if scene.word:
        return f'a sign that says "{scene.word}"'
    if not scene.things:
        return "nothing"
    return join([an(t.color, t.shape) for t in scene.things])


def ask_describe(rng, scene):
    question = rng.choice(["Describe the image.", "Describe this image.", "Describe the picture.", "Can you describe this image?", "Describe what you see.",
                           "Describe the image in detail.", "Can you describe the image?", "What does the image show?", "Write a caption.",
                           "Give a description of the image.", "Tell me about this picture.", "Describe this picture in detail."])
    if scene.word:
        return question, f'A sign that says "{scene.word}" on a {scene.background} background.'
    if not scene.things:
        return question, f"An empty {scene.background} background."
    parts = join([f"{an(t.color, t.shape)} {at(t.place)}" for t in scene.things])
    return question, f"{upper(parts)}, on a {scene.background} background."


def ask_color(rng, scene):
    only = [t for t in scene.things if sum(o.shape == t.shape for o in scene.things) == 1]
    shapes = [t for t in scene.things if sum(o.color == t.color for o in scene.things) == 1]
    if not only and not shapes:
        return None
    if only and (rng.random() < 0.65 or not shapes):
        t = rng.choice(only)
        question = rng.choice(["What color is the {}?", "What is the color of the {}?", "Which color is the {}?", "Which color does the {} have?", "Tell me the color of the {}."])
        return question.format(t.shape), f"The {t.shape} is {t.color}."
    t = rng.choice(shapes)
    question = rng.choice(["What shape is the {} object?", "Which shape is {}?", "What is the {} shape?", "What {} shape is there?", "What is the {} object?"])
    return question.format(t.color), f"The {t.color} object is a {t.shape}."


def ask_position(rng, scene):
    if not scene.things:
        return None
    t = rng.choice(scene.things)
    # "Where is …?" only about a thing that is alone: see the README for what the model does not do.
    if len(scene.things) > 1 or rng.random() < 0.35:
        where = rng.choice(["What is {}?", "What is {}?", "Which object is {}?", "What object is {} of the image?", "What do you see {}?"])
        return where.format(at(t.place)), f"{upper(an(t.color, t.shape))}."
    name = t.shape if rng.random() < 0.4 else f"{t.color} {t.shape}"
    question = rng.choice(["Where is the {}?", "Where is the {} in the image?", "Where is the {} located?", "What is the position of the {}?", "Where do you see the {}?",
                           "In which part of the picture is the {}?"])
    return question.format(name), f"The {name} is {at(t.place)}."


def ask_count(rng, scene):
    if scene.word:
        return None
    n, noun = len(scene.things), rng.choice(["objects", "objects", "shapes", "things"])
    question = rng.choice([f"How many {noun} are there{_in(rng)}?", f"How many {noun} are in the image?", f"How many {noun} can you see?",
                           f"How many {noun} do you see?", f"Count the {noun}.", f"What is the number of {noun}?"])
    return question, f"There {'is' if n == 1 else 'are'} {NUMBERS[n]} {plural('object', n)}."


def ask_background(rng, scene):
    question = rng.choice(["What color is the background?", "What is the background color?", "What is the color of the background?", "Which color is the background?",
                           "What color does the background have?", "Tell me the background color."])
    return question, f"The background is {scene.background}."


def ask_yesno(rng, scene):
    r, yes = rng.random(), rng.random() < 0.5
    things = scene.things
    if not things:
        question = rng.choice(["Is there {} in the image?", "Do you see {}?"]).format(an(rng.choice(COLOR_NAMES), rng.choice(SHAPES)))
        return question, "No."
    t = rng.choice(things)
    if r < 0.22:
        have = {o.shape for o in things}
        pick = t.shape if yes else rng.choice([s for s in SHAPES if s not in have])
        noun, yes = f"a {pick}", pick in have
    elif r < 0.46:
        have = {o.color for o in things}
        absent = [c for c in COLOR_NAMES if c not in have]
        pick = t.color if yes else rng.choice(absent)
        noun, yes = an(pick, rng.choice(["object", "shape"])), pick in have
    else:  # half of the noes share a colour or a shape with something that is there
        have = {(o.color, o.shape) for o in things}
        pick = (t.color, t.shape)
        if not yes:
            near = [(t.color, s) for s in SHAPES] + [(c, t.shape) for c in COLOR_NAMES]
            near = [p for p in near if p not in have]
            pick = rng.choice(near)
        noun, yes = an(*pick), pick in have
    question = rng.choice(["Is there {}{}?", "Is there {}{}?", "Do you see {}{}?", "Can you see {}{}?", "Does the picture have {}?", "Does the image contain {}?"])
    return question.format(noun, _in(rng)), "Yes." if yes else "No."


def ask_text(rng, scene):
    question = rng.choice(["What does the sign say?", "What does it say?", "What does the text say?", "Read the text.", "Read the sign.", "What is written here?", "What word is written?",
                           "What is written on the sign?", "What text is in the image?", "What is the word?", "Which word do you see?", "Can you read the text?", "What does this say?"])
    return question, f'The sign says "{scene.word}".' if scene.word else "There is no text."


def image_questions(rng: random.Random, scene, n: int):
    """`n` (task, question, answer) about one picture; long descriptions and lists are asked more often."""
    asked = []
    kinds = ([("text", ask_text, 6), ("describe", ask_describe, 1), ("objects", ask_objects, 1), ("background", ask_background, 1)] if scene.word else
             [("objects", ask_objects, 1), ("describe", ask_describe, 1), ("color", ask_color, 6), ("position", ask_position, 6), ("count", ask_count, 5),
              ("background", ask_background, 0.5), ("yesno", ask_yesno, 6), ("text", ask_text, 0.3)])
    for task, ask, _ in rng.choices(kinds, [k[2] for k in kinds], k=n):
        pair = ask(rng, scene)
        if pair:
            asked.append((task, reword(rng, pair[0]), pair[1]))
    return asked or [("background", *ask_background(rng, scene))]


def clip_questions(rng: random.Random, motion, scene, n: int):
    t = scene.things[0]
    moves = f"The {t.color} {t.shape} moves {'to the ' + motion if motion in ('left', 'right') else motion}."
    asked = []
    for _ in range(n):
        r = rng.random()
        if r < 0.7:
            question = rng.choice(["What happens in the video?", "What happens?", "Describe the video.", "Describe this video.", "Which way does the object move?", "How does the object move?",
                                   "Which direction does it move?", "In which direction does the object move?", "What is moving and where?", "What does the video show?",
                                   f"How does the {t.shape} move?", f"Which way does the {t.color} {t.shape} move?", f"Which way does the {t.shape} go?", "What moves?",
                                   "Describe this video in detail", "Describe this video in detail.", "Can you describe this video?", "Where does the object go?"])
            answer = moves
        elif r < 0.82:
            question = rng.choice(["What is in the video?", "What object is in the video?", "Which object do you see?", "What do you see?", "What objects are in the video?", "What is in this video?"])
            answer = upper(an(t.color, t.shape)) + "."
        elif r < 0.9:
            question, answer = f"What color is the {t.shape}?", f"The {t.shape} is {t.color}."
        else:
            question, answer = ask_background(rng, scene)
        asked.append(("video", reword(rng, question), answer))
    return asked


def pair_questions(rng: random.Random, first, second, n: int):
    """Questions about two pictures. Returns [] where nothing tells them apart."""
    asked = []
    for _ in range(n):
        a, b = (first, second) if rng.random() < 0.5 else (second, first)
        nouns = []
        for t in a.things:
            if not any(o.shape == t.shape for o in b.things):
                nouns.append(f"a {t.shape}")
            if not any(o.color == t.color and o.shape == t.shape for o in b.things):
                nouns += [an(t.color, t.shape)] * 2
            if not any(o.color == t.color for o in b.things):
                nouns.append(an(t.color, "object"))
        if not nouns:
            continue
        noun = rng.choice(nouns)
        question = rng.choice(["Which image contains {}?", "Which image contains {}?", "Which image has {}?", "Which picture has {}?", "Which picture contains {}?", "Which image shows {}?",
                               "In which image is there {}?", "In which picture do you see {}?"]).format(noun)
        answer = "The first image." if a is first else "The second image."
        asked.append(("which", reword(rng, question), answer))
    return asked


ABOUT = [
    (["Who are you?", "What are you?", "What is your name?", "Tell me who you are.", "Introduce yourself.", "Which model are you?"],
     "I am nano, a tiny SmolVLM."),
    (["What can you do?", "How can you help me?", "What do you know?", "Help"],
     "I can name shapes, colors and positions, read short words and follow a moving shape."),
    (["Hello!", "Hello", "Hi!", "Hi", "Hi there!", "Good morning!", "Hello there!", "Hey!"], "Hello! Show me a picture."),
    (["How are you?", "How are you today?"], "I am fine, thank you."),
    (["Thank you!", "Thanks!", "Thank you very much."], "You are welcome."),
    (["Goodbye!", "Bye!", "See you!"], "Goodbye!"),
    (["Who made you?", "Where were you trained?", "How were you trained?"], "I was trained on drawings of shapes and words."),
]
ABOUT += [([f"Name {a}.", f"Tell me {a}."], b) for a, b in [("a color", "Red."), ("a shape", "Circle.")]]
SYSTEMS = ["You are a helpful assistant.", "You are a helpful language and vision assistant.", "Answer briefly.", "Answer in one sentence.", "You look at pictures and answer questions.",
           "You are nano, a tiny vision model.", "Be concise.", "You are a helpful assistant that describes images."]


def about_question(rng: random.Random):
    questions, answer = rng.choices(ABOUT, [4, 2, 2] + [1] * (len(ABOUT) - 3))[0]
    return "self", reword(rng, rng.choice(questions)), answer
