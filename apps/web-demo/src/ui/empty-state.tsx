import { nanoExamples } from "@smolvlm/nano";
import { attach, attachments } from "../state/attachments.js";
import { ask } from "../state/chat.js";
import { readyModel } from "../state/model.js";
import { say } from "../state/settings.js";

interface Example {
  readonly urls: readonly string[];
  readonly label: string;
  readonly question: string;
}

/** What there is before anything was asked: an invitation, and examples that answer at a press. */
export function EmptyState() {
  const words = say.value;
  const examples: readonly Example[] = [
    { urls: [nanoExamples.scene], label: words.exampleScene, question: words.askScene },
    { urls: [nanoExamples.sign], label: words.exampleSign, question: words.askSign },
    { urls: [nanoExamples.scene, nanoExamples.otherScene], label: words.exampleTwo, question: words.askTwo },
    { urls: [nanoExamples.clip], label: words.exampleClip, question: words.askClip },
  ];
  return (
    <section class="empty">
      <h2>{words.emptyTitle}</h2>
      <p>{words.emptyHint}</p>
      <ul class="examples">
        {examples.map((example) => (
          <li key={example.label}>
            <button type="button" class="example" disabled={!readyModel.value} onClick={() => void tryIt(example)}>
              <span class="example-pictures">
                {example.urls.map((url) => (
                  <img key={url} src={url} alt="" width="120" height="120" />
                ))}
              </span>
              <span class="example-label">{example.label}</span>
              <span class="example-question" lang="en">
                {example.question}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

async function tryIt({ urls, label, question }: Example): Promise<void> {
  const blobs = await Promise.all(urls.map(async (url) => (await fetch(url)).blob()));
  attachments.value = [];
  await attach(blobs, label);
  await ask(question);
}
