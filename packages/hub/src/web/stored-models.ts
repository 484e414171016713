import { describedModel, isModelGroup } from "./model-storage.js";
import { pageStorage } from "./page-storage.js";

/** What a page keeps of one model at one revision. */
export interface StoredModel {
  /** What it was opened as: `org/name@revision` or an address; undefined where only converted weights are there. */
  readonly id: string | undefined;
  /** Commit, or what else identifies its content; {@link clearStored} takes it. */
  readonly revision: string;
  /** Bytes of all that is kept: files of the model, and weights converted from them. */
  readonly bytes: number;
}

/** How much is stored. */
export interface StoredSize {
  /** Bytes of all models. */
  readonly models: number;
  /** Bytes that the browser says the whole site takes, with what is not of models; undefined where it does not tell. */
  readonly usage: number | undefined;
  /** Bytes that the browser says the site may take; undefined where it does not tell. */
  readonly quota: number | undefined;
  /** Whether the browser promises not to clear it by itself. */
  readonly persistent: boolean;
}

/** Lists the models that this site keeps in the browser. */
export async function listStored(): Promise<readonly StoredModel[]> {
  const { store } = await pageStorage();
  const models: StoredModel[] = [];
  for (const revision of (await store?.models()) ?? []) {
    if (!store || !isModelGroup(revision)) continue;
    let bytes = 0;
    for (const entry of await store.entries(revision)) {
      for (const { size } of (await store.pieces(revision, entry)).values()) bytes += size;
    }
    if (bytes > 0) models.push({ id: (await describedModel(store, revision))?.id, revision, bytes });
  }
  return models;
}

/** Measures what this site keeps in the browser. */
export async function measureStored(): Promise<StoredSize> {
  const models = (await listStored()).reduce((sum, { bytes }) => sum + bytes, 0);
  // Absent on pages that are not served securely.
  const storage = navigator.storage as StorageManager | undefined;
  const estimate = await storage?.estimate();
  return {
    models,
    usage: estimate?.usage,
    quota: estimate?.quota,
    persistent: (await storage?.persisted?.()) ?? false,
  };
}

/** Deletes what is kept of one model, by its revision, or of all. Models in use keep running, and fetch anew what they read later. */
export async function clearStored(revision?: string): Promise<void> {
  const { store } = await pageStorage();
  for (const model of (await store?.models()) ?? []) {
    if (revision === undefined || model === revision) await store?.remove(model);
  }
}

/**
 * Asks the browser not to clear by itself what is stored; some ask the person in front of the page. Nothing else here asks.
 *
 * @returns whether it promises so.
 */
export async function persistStored(): Promise<boolean> {
  const storage = navigator.storage as StorageManager | undefined;
  return (await storage?.persist?.()) ?? false;
}
