"""Exact-match accuracy per task of the checkpoint as shipped, by the real processor and model, on scenes never trained on.

    python evaluate.py --n 200                                        # prints a table
    python evaluate.py --write-cases 20                               # writes evaluation/: media, cases.json with the reference's own answers
    python evaluate.py --write-cases 200 --noise --cases-folder DIR   # the same kind of cases for compare.mjs, too large to commit
"""
from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections import Counter, defaultdict
from pathlib import Path

import torch

from cases import TASKS, make_case
from reference import Reference, read_gif, write_gif
from vocabulary import FILE

HERE = Path(__file__).parent
SEED = 20_261_124  # training seeds are small integers


def frames_of(conversation):
    """Conversations with equal keys may share a batch: the announced frame count and the tiles must not depend on the neighbours."""
    key = []
    for message in conversation:
        for part in message["content"]:
            if part["type"] == "image":
                w, h = part["path"].size
                key.append((w > h) - (w < h))
            elif part["type"] == "video":
                frames, fps = part["path"]
                key.append(("video", len(frames), fps, frames.shape[1]))
    return tuple(key)


def measure(reference, n, seed, tasks=TASKS, show=0):
    table = {}
    for task in tasks:
        cases = [make_case(task, random.Random(f"{seed}-{task}-{i}")) for i in range(n)]
        groups = defaultdict(list)
        for case in cases:
            groups[frames_of(case[0])].append(case)
        right, wrong = 0, []
        for group in groups.values():
            for i in range(0, len(group), 40):
                part = group[i:i + 40]
                for (conversation, expected), (answer, _) in zip(part, reference.answer([c for c, _ in part])):
                    right += answer == expected
                    if answer != expected:
                        wrong.append((conversation[-1]["content"][-1]["text"], expected, answer))
        table[task] = {"right": right, "of": n, "accuracy": round(right / n, 4)}
        print(f"{task:13} {right}/{n} {right / n:.3f}", flush=True)
        for w in wrong[:show]:
            print("      ", w)
    return table


def write_cases(reference, n, folder, seed, plain=True):
    """Media are written first and read back, so the reference answers about exactly what another decoder will see."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "media").mkdir(parents=True)
    cases, tally = [], Counter()
    for task in TASKS:
        for i in range(n):
            conversation, expected = make_case(task, random.Random(f"cases-{seed}-{task}-{i}"), plain)
            k = 0
            for message in conversation:
                for part in message["content"]:
                    if part["type"] == "image":
                        name = f"media/{task}-{i:02d}{'ab'[k] if task == 'which' else ''}.png"
                        part["path"].save(folder / name, optimize=True)
                        part["path"], k = name, k + 1
                    elif part["type"] == "video":
                        name = f"media/{task}-{i:02d}.gif"
                        write_gif(folder / name, *part["path"])
                        part["path"] = name
            answer, ids = reference.answer([conversation], folder)[0]
            tally[task] += answer == expected
            cases.append({"id": f"{task}-{i:02d}", "task": task, "conversation": conversation, "expected": expected, "referenceAnswer": answer, "referenceTokenIds": ids})
            for message in conversation:
                for part in message["content"]:
                    if part["type"] == "video":
                        frames, fps = read_gif(folder / part["path"])
                        cases[-1]["videoMetadata"] = {"total_num_frames": len(frames), "fps": fps, "duration": len(frames) / fps}
    (folder / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
    print(dict(tally), sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()), "bytes")
    return {task: {"right": tally[task], "of": n} for task in TASKS}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--model", type=Path, default=FILE.parent)
    p.add_argument("--n", type=int, default=0)
    p.add_argument("--seed", type=int, default=SEED)
    p.add_argument("--write-cases", type=int, default=0)
    p.add_argument("--cases-folder", type=Path, default=HERE / "evaluation")
    p.add_argument("--noise", action="store_true", help="keep the drawings' noise in written cases; it makes large files")
    p.add_argument("--tasks", nargs="*", default=TASKS)
    p.add_argument("--show", type=int, default=0, help="print this many wrong answers a task")
    p.add_argument("--results", type=Path)
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    reference, began = Reference(args.model), time.time()
    results = json.loads(args.results.read_text()) if args.results and args.results.exists() else {}
    if args.n:
        results["heldOut"] = {"seed": args.seed, "perTask": args.n, "decoding": "greedy, float32", "tasks": measure(reference, args.n, args.seed, args.tasks, args.show)}
    if args.write_cases:
        results["writtenCases"] = write_cases(reference, args.write_cases, args.cases_folder, args.seed, not args.noise)
    if args.results:
        args.results.write_text(json.dumps(results, indent=2) + "\n")
    print(f"{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
