/** Name of the input with the past keys or values of a layer. */
export const pastName = (layer: number, kind: string): string => `past_key_values.${layer}.${kind}`;

/** Name of the input with the scales of int8 keys or values of a layer. */
export const pastScaleName = (layer: number, kind: string): string => `${pastName(layer, kind)}_scale`;

/** Name of the output with the keys or values that a run gives back. */
export const presentName = (layer: number, kind: string): string => `present.${layer}.${kind}`;

/** Name of the output with the new keys and values of all layers, where a session appends them itself. */
export const PRESENT = "present";
