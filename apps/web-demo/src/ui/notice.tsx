import { say } from "../state/settings.js";
import type { Problem, WayOut } from "../lib/problem.js";
import { newConversation, retry } from "../state/chat.js";
import { loadBundled, reloadModel } from "../state/model.js";
import { openModelDialog } from "../state/dialog.js";
import { Icon } from "./icon.js";

interface NoticeProps {
  readonly problem: Problem;
  /** What "try again" does here. */
  readonly onRetry?: (() => void) | undefined;
  /** What follows when a way out has loaded a model. */
  readonly onLoaded?: (() => void) | undefined;
  readonly onDismiss?: (() => void) | undefined;
}

/** A problem as a sentence, with what one can do about it. */
export function Notice({ problem, onRetry, onLoaded, onDismiss }: NoticeProps) {
  const words = say.value;
  const ways: Readonly<Record<WayOut, readonly [label: string, act: () => void]>> = {
    retry: [words.retry, onRetry ?? (() => void retry())],
    reload: [words.reload, () => void reloadModel().then(onLoaded)],
    useProcessor: [words.useProcessor, () => void reloadModel("wasm").then(onLoaded)],
    useBundled: [words.useBundled, () => void loadBundled()],
    newChat: [words.newChat, newConversation],
    chooseModel: [words.chooseModel, openModelDialog],
  };
  return (
    <div class="notice" role="alert">
      <Icon name="alert" />
      <div class="notice-body">
        <p>{words[problem.sentence]}</p>
        <details>
          <summary>{words.details}</summary>
          <code>{problem.details}</code>
        </details>
        <div class="actions">
          {problem.ways.map((way) => (
            <button type="button" class="small" key={way} onClick={ways[way][1]}>
              {ways[way][0]}
            </button>
          ))}
          {onDismiss && (
            <button type="button" class="small quiet" onClick={onDismiss}>
              {words.dismiss}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
