import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { attach, attachments, detach } from "../state/attachments.js";
import { camera, closeCamera, openCamera } from "../state/camera.js";
import { answering, ask, stop, turns } from "../state/chat.js";
import { readyModel } from "../state/model.js";
import { notice } from "../state/notice.js";
import { detail, say, type Detail } from "../state/settings.js";
import { Icon } from "./icon.js";
import { Media } from "./media.js";
import { Notice } from "./notice.js";

/** Where one asks: text, pictures and clips, the camera, and the button that sends or stops. */
export function Composer() {
  const words = say.value;
  const text = useSignal("");
  const picker = useRef<HTMLInputElement>(null);
  const shown = attachments.value;
  const about = shown.length > 0 || turns.value.length > 0;

  const send = (): void => {
    if (answering.value || !readyModel.value) return;
    const onlyVideos = shown.length > 0 && shown.every(({ kind }) => kind === "video");
    const question = text.value.trim() || (shown.length === 0 ? "" : defaultQuestion(onlyVideos));
    if (question === "") return;
    text.value = "";
    void ask(question);
  };
  const defaultQuestion = (video: boolean): string => (video ? words.defaultVideoQuestion : words.defaultQuestion);

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {notice.value && <Notice problem={notice.value} onDismiss={() => (notice.value = undefined)} />}
      {shown.length > 0 && (
        <ul class="attached">
          {shown.map((attachment) => (
            <li key={attachment.id}>
              <Media attachment={attachment} />
              <button
                type="button"
                class="remove"
                aria-label={words.removeAttachment(attachment.name)}
                onClick={() => detach(attachment.id)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {shown.some(({ kind }) => kind === "image") && (
        <label class="detail">
          {words.detail}
          <select value={detail.value} onChange={(event) => (detail.value = event.currentTarget.value as Detail)}>
            <option value="full">{words.detailFull}</option>
            <option value="fast">{words.detailFast}</option>
          </select>
        </label>
      )}
      <div class="composer-row">
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          accept="image/*,video/*"
          onChange={(event) => {
            void attach([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <button
          type="button"
          class="quiet"
          aria-label={words.attach}
          title={words.attach}
          onClick={() => picker.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <button
          type="button"
          class="quiet"
          aria-label={words.useCamera}
          title={words.useCamera}
          aria-pressed={camera.value.kind !== "off"}
          onClick={() => (camera.value.kind === "off" ? void openCamera() : closeCamera())}
        >
          <Icon name="camera" />
        </button>
        <textarea
          id="question"
          rows={1}
          aria-label={words.question}
          placeholder={about ? words.questionPlaceholder : words.question}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {answering.value ? (
          <button type="button" class="primary" aria-label={words.stop} title={words.stop} onClick={stop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            class="primary"
            aria-label={words.send}
            title={words.send}
            disabled={!readyModel.value || (text.value.trim() === "" && shown.length === 0)}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
