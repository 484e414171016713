import { useEffect, useRef, useState } from "preact/hooks";
import { formatNumber } from "../lib/format.js";
import { renderMarkdown } from "../lib/markdown.js";
import type { Problem } from "../lib/problem.js";
import { answering, retry, turns, type Turn } from "../state/chat.js";
import { language, say } from "../state/settings.js";
import { Icon } from "./icon.js";
import { Media } from "./media.js";
import { Notice } from "./notice.js";
import { Seen } from "./seen.js";

/** Pixels from the end within which the page follows an answer. */
const NEAR_THE_END = 160;

/** Questions and answers. Screen readers are told an answer when it is whole. */
export function Conversation() {
  const words = say.value;
  const end = useRef<HTMLDivElement>(null);
  const newest = turns.value.at(-1);
  useEffect(() => {
    end.current?.lastElementChild?.scrollIntoView({ block: "start" });
  }, [newest?.id]);
  useEffect(() => {
    // The answer grows into view; whoever has scrolled away is left where they are.
    const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
    if (scrollHeight - scrollTop - clientHeight < NEAR_THE_END) window.scrollTo({ top: scrollHeight });
  }, [newest?.text, newest?.state]);
  return (
    <div
      ref={end}
      class="turns"
      role="log"
      aria-label={words.conversation}
      aria-live="polite"
      aria-busy={answering.value}
    >
      {turns.value.map((turn, index) => (
        <TurnView key={turn.id} turn={turn} last={index === turns.value.length - 1} />
      ))}
    </div>
  );
}

function TurnView({ turn, last }: { readonly turn: Turn; readonly last: boolean }) {
  const words = say.value;
  const { state, text, frames } = turn;
  return (
    <article class="turn">
      <section class="asked" aria-label={words.you}>
        {turn.attachments.length > 0 && (
          <div class="media-row">
            {turn.attachments.map((attachment) => (
              <Media key={attachment.id} attachment={attachment} />
            ))}
          </div>
        )}
        <p class="bubble">{turn.question}</p>
      </section>
      <section class="answered" aria-label={words.model} data-state={state}>
        <Seen seen={turn.seen} />
        {state === "looking" && (
          <p class="hint looking">{frames ? words.reading(frames.done, frames.all) : words.thinking}</p>
        )}
        {text !== "" && <Markdown text={text} />}
        {state === "stopped" && <p class="hint">{words.stopped}</p>}
        {state === "failed" && turn.problem && <Failure problem={turn.problem} last={last} />}
        {(state === "done" || state === "stopped") && <Foot turn={turn} last={last} />}
      </section>
    </article>
  );
}

/** Why there is no answer. Whoever loads the model again for it is answered then. */
function Failure({ problem, last }: { readonly problem: Problem; readonly last: boolean }) {
  return <Notice problem={problem} onLoaded={last ? () => void retry() : undefined} />;
}

function Markdown({ text }: { readonly text: string }) {
  return <div class="markdown" dangerouslySetInnerHTML={{ __html: renderMarkdown(text) }} />;
}

function Foot({ turn, last }: { readonly turn: Turn; readonly last: boolean }) {
  const words = say.value;
  const { answer } = turn;
  const number = (value: number): string => formatNumber(value, language.value);
  return (
    <footer class="foot">
      <div class="actions">
        {turn.text !== "" && <Copy text={turn.text} />}
        {last && (
          <button type="button" class="small quiet" onClick={() => void retry()}>
            <Icon name="retry" />
            {words.retry}
          </button>
        )}
      </div>
      {answer && (
        <p class="hint stats">
          {answer.finishReason === "length" && `${words.cutOff} `}
          {words.answerStats(
            answer.usage.completionTokens,
            number(answer.timings.tokensPerSecond),
            `${number((answer.timings.total - answer.timings.decode) / 1000)} s`,
          )}
        </p>
      )}
    </footer>
  );
}

function Copy({ text }: { readonly text: string }) {
  const words = say.value;
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <button type="button" class="small quiet" onClick={() => void copy()}>
      <Icon name="copy" />
      <span aria-live="polite">{copied ? words.copied : words.copy}</span>
    </button>
  );
}
