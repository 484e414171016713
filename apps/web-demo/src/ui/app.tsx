import { useSignal } from "@preact/signals";
import { attach } from "../state/attachments.js";
import { camera } from "../state/camera.js";
import { turns } from "../state/chat.js";
import { say } from "../state/settings.js";
import { CameraPanel } from "./camera-panel.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { EmptyState } from "./empty-state.js";
import { Header } from "./header.js";
import { ModelDialog } from "./model-dialog.js";
import { ModelStatus } from "./model-status.js";

/** The whole page. Pictures and clips may be dropped and pasted anywhere on it. */
export function App() {
  const words = say.value;
  const dropping = useSignal(false);
  const media = (transfer: DataTransfer | null): File[] =>
    [...(transfer?.files ?? [])].filter(({ type }) => /^(image|video)\//.test(type));
  return (
    <div
      class="page"
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        dropping.value = true;
      }}
      onDragLeave={(event) => {
        if (event.relatedTarget === null) dropping.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        dropping.value = false;
        void attach([...(event.dataTransfer?.files ?? [])]);
      }}
      onPaste={(event) => {
        const files = media(event.clipboardData);
        if (files.length === 0) return;
        event.preventDefault();
        void attach(files, words.pastedPicture);
      }}
    >
      <a class="skip" href="#question">
        {words.skipToComposer}
      </a>
      <Header />
      <main>
        {turns.value.length > 0 ? <Conversation /> : camera.value.kind === "off" && <EmptyState />}
        <CameraPanel />
      </main>
      <div class="dock">
        <ModelStatus />
        <Composer />
      </div>
      <ModelDialog />
      {dropping.value && (
        <div class="drop" aria-hidden="true">
          {words.dropHere}
        </div>
      )}
    </div>
  );
}
