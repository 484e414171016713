import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { modelDialogOpen } from "../state/dialog.js";
import { choice, loadModel, type ModelChoice, type ModelSource } from "../state/model.js";
import { say } from "../state/settings.js";
import { Icon } from "./icon.js";
import { StoredModels } from "./stored-models.js";

/** Which model, from where, in what precision and on what device. */
export function ModelDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = modelDialogOpen.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={() => (modelDialogOpen.value = false)}>
      {open && <ModelForm />}
    </dialog>
  );
}

function ModelForm() {
  const words = say.value;
  const kind = useSignal<ModelSource["kind"]>(choice.value.source.kind);
  const repository = useSignal(
    choice.value.source.kind === "hub" ? choice.value.source.repository : "HuggingFaceTB/SmolVLM2-256M-Video-Instruct",
  );
  const token = useSignal("");
  const folder = useSignal<readonly File[]>([]);
  // The bundled model is small enough for fp32, which says nothing about the next one.
  const dtype = useSignal(choice.value.source.kind === "bundled" ? "auto" : choice.value.dtype);
  const device = useSignal(choice.value.device);
  const folderName = folder.value[0]?.webkitRelativePath.split("/")[0] || words.localModel;
  const complete =
    kind.value === "bundled" || (kind.value === "hub" ? repository.value.trim() !== "" : folder.value.length > 0);

  const source = (): ModelSource => {
    if (kind.value === "hub") {
      return { kind: "hub", repository: repository.value.trim(), token: token.value.trim() || undefined };
    }
    return kind.value === "folder" ? { kind: "folder", name: folderName, files: folder.value } : { kind: "bundled" };
  };

  return (
    <form
      class="model-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!complete) return;
        modelDialogOpen.value = false;
        void loadModel({ source: source(), dtype: dtype.value, device: device.value });
      }}
    >
      <div class="dialog-head">
        <h2 id="dialog-title">{words.chooseModel}</h2>
        <button type="button" class="quiet" aria-label={words.close} onClick={() => (modelDialogOpen.value = false)}>
          <Icon name="close" />
        </button>
      </div>
      <fieldset class="sources">
        <legend class="visually-hidden">{words.chooseModel}</legend>
        <Source kind="bundled" selected={kind} label={words.bundledModel} hint={words.bundledModelHint} />
        <Source kind="hub" selected={kind} label={words.hubModel} hint={words.hubModelHint}>
          <label class="field">
            {words.hubName}
            <input
              value={repository.value}
              spellcheck={false}
              autocapitalize="off"
              onInput={(event) => (repository.value = event.currentTarget.value)}
            />
          </label>
          <label class="field">
            {words.hubToken}
            <input
              type="password"
              autocomplete="off"
              value={token.value}
              onInput={(event) => (token.value = event.currentTarget.value)}
            />
          </label>
        </Source>
        <Source kind="folder" selected={kind} label={words.localModel} hint={words.localModelHint}>
          <label class="field">
            {words.pickFolder}
            <input
              type="file"
              multiple
              {...{ webkitdirectory: true }}
              onChange={(event) => (folder.value = [...(event.currentTarget.files ?? [])])}
            />
          </label>
          {folder.value.length > 0 && <p class="hint">{words.folderPicked(folderName, folder.value.length)}</p>}
        </Source>
      </fieldset>
      <div class="two">
        <label class="field">
          {words.precision}
          <select
            value={dtype.value}
            onChange={(event) => (dtype.value = event.currentTarget.value as ModelChoice["dtype"])}
          >
            <option value="auto">{words.precisionAuto}</option>
            <option value="fp32">{words.precisionFull}</option>
            <option value="q8">{words.precision8}</option>
            <option value="q4">{words.precision4}</option>
          </select>
        </label>
        <label class="field">
          {words.device}
          <select
            value={device.value}
            onChange={(event) => (device.value = event.currentTarget.value as ModelChoice["device"])}
          >
            <option value="auto">{words.deviceAuto}</option>
            <option value="webgpu">{words.deviceGpu}</option>
            <option value="wasm">{words.deviceCpu}</option>
          </select>
        </label>
      </div>
      <p class="hint">{words.precisionHint}</p>
      <div class="dialog-foot">
        <button type="button" class="quiet" onClick={() => (modelDialogOpen.value = false)}>
          {words.cancel}
        </button>
        <button type="submit" class="primary wide" disabled={!complete}>
          {words.load}
        </button>
      </div>
      <StoredModels />
    </form>
  );
}

interface SourceProps {
  readonly kind: ModelSource["kind"];
  readonly selected: { value: ModelSource["kind"] };
  readonly label: string;
  readonly hint: string;
  readonly children?: ComponentChildren;
}

function Source({ kind, selected, label, hint, children }: SourceProps) {
  const chosen = selected.value === kind;
  return (
    <div class={`source ${chosen ? "chosen" : ""}`}>
      <label>
        <input type="radio" name="source" value={kind} checked={chosen} onChange={() => (selected.value = kind)} />
        <span>
          <strong>{label}</strong>
          <span class="hint">{hint}</span>
        </span>
      </label>
      {chosen && children && <div class="source-body">{children}</div>}
    </div>
  );
}
