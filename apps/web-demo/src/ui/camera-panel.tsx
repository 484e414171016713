import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { attach } from "../state/attachments.js";
import {
  camera,
  closeCamera,
  live,
  openCamera,
  startCaptions,
  stopCaptions,
  switchCamera,
  takePicture,
} from "../state/camera.js";
import { readyModel } from "../state/model.js";
import { say } from "../state/settings.js";
import { Icon } from "./icon.js";
import { Notice } from "./notice.js";

/** The camera: pictures to ask about, or live captions. */
export function CameraPanel() {
  const words = say.value;
  const state = camera.value;
  const video = useRef<HTMLVideoElement>(null);
  const question = useSignal(words.askScene);
  const stream = state.kind === "on" ? state.stream : undefined;
  useEffect(() => {
    if (video.current) video.current.srcObject = stream ?? null;
  }, [stream]);
  if (state.kind === "off") return null;
  if (state.kind === "failed") {
    return <Notice problem={state.problem} onRetry={() => void openCamera()} onDismiss={closeCamera} />;
  }
  const captions = live.value;

  const snap = async (): Promise<void> => {
    if (!video.current) return;
    await attach([await takePicture(video.current)], words.cameraPicture);
    closeCamera();
    document.getElementById("question")?.focus();
  };
  const toggle = (on: boolean): void => {
    if (on && video.current) void startCaptions(video.current, () => question.value);
    else stopCaptions();
  };

  return (
    <section class="camera" aria-label={words.camera}>
      <div class="camera-view">
        <video ref={video} autoPlay muted playsInline aria-label={words.camera}></video>
        {state.kind === "starting" && <p class="camera-note">{words.cameraStart}</p>}
        {captions && (
          <p class="caption" aria-live="polite" aria-label={words.liveCaption} data-count={captions.count}>
            {captions.caption || words.thinking}
          </p>
        )}
      </div>
      <div class="camera-controls">
        <button type="button" class="small" disabled={state.kind !== "on"} onClick={() => void snap()}>
          <Icon name="camera" />
          {words.takePicture}
        </button>
        <label class="check">
          <input
            type="checkbox"
            checked={captions !== undefined}
            disabled={state.kind !== "on" || !readyModel.value}
            onChange={(event) => toggle(event.currentTarget.checked)}
          />
          {words.liveCaptions}
        </label>
        {state.kind === "on" && state.several && (
          <button type="button" class="small quiet" onClick={() => void switchCamera()}>
            <Icon name="switch" />
            {words.switchCamera}
          </button>
        )}
        <button type="button" class="small quiet" onClick={closeCamera}>
          {words.closeCamera}
        </button>
      </div>
      {captions ? (
        <>
          <label class="field">
            {words.liveQuestion}
            <input value={question.value} onInput={(event) => (question.value = event.currentTarget.value)} />
          </label>
          {captions.still && <p class="hint still">{words.liveWaiting}</p>}
          {captions.problem && <Notice problem={captions.problem} onDismiss={stopCaptions} />}
        </>
      ) : (
        <p class="hint">{words.liveCaptionsHint}</p>
      )}
    </section>
  );
}
