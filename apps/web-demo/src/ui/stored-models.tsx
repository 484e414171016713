import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { formatBytes } from "../lib/format.js";
import { language, say } from "../state/settings.js";
import { refreshStored, removeStored, stored } from "../state/stored.js";

/** What this browser keeps of models: a list with sizes, to be cleared one by one or whole. */
export function StoredModels() {
  const words = say.value;
  const told = useSignal("");
  useEffect(() => void refreshStored(), []);
  const { models = [], size } = stored.value ?? {};
  const bytes = (count: number): string => formatBytes(count, language.value);
  const remove = async (name: string, revision?: string): Promise<void> => {
    await removeStored(revision);
    told.value = words.removed(name);
  };
  return (
    <section class="stored" aria-labelledby="stored-title">
      <h3 id="stored-title">{words.stored}</h3>
      {models.length === 0 ? (
        <p class="hint">{words.storedNone}</p>
      ) : (
        <>
          <ul>
            {models.map(({ id = words.storedConverted, revision, bytes: count }) => (
              <li key={revision}>
                <span class="stored-name">{id}</span>
                <span class="hint">{bytes(count)}</span>
                <button type="button" class="small quiet" onClick={() => void remove(id, revision)}>
                  {words.remove}
                </button>
              </li>
            ))}
          </ul>
          <div class="stored-foot">
            <p class="hint">
              {size?.quota === undefined
                ? bytes(size?.models ?? 0)
                : words.storedTotal(bytes(size.models), bytes(size.quota))}
            </p>
            <button type="button" class="small quiet" onClick={() => void remove(words.stored)}>
              {words.removeAll}
            </button>
          </div>
        </>
      )}
      <p class="visually-hidden" role="status">
        {told.value}
      </p>
    </section>
  );
}
