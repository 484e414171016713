import type * as mediabunny from "mediabunny";

/** The module `mediabunny`, an optional peer: who needs it loads it and passes it on. */
export type Mediabunny = typeof mediabunny;
