import { signal } from "@preact/signals";

/** Whether the dialog about models is open. */
export const modelDialogOpen = signal(false);

/** Opens it. */
export function openModelDialog(): void {
  modelDialogOpen.value = true;
}
