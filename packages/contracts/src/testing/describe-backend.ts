import { afterAll, beforeAll, describe } from "vitest";
import type { Backend } from "../backend.js";
import { cacheCases } from "./cache-cases.js";
import { integerCases } from "./integer-cases.js";
import { lifetimeCases } from "./lifetime-cases.js";
import { resourceCases } from "./resource-cases.js";
import { runCases } from "./run-cases.js";
import { sessionCases } from "./session-cases.js";
import type { BackendHelpers } from "./suite-context.js";

/**
 * The behavioural suite that every {@link Backend} passes, in the runtime it is made for. Call it in a vitest file.
 *
 * @param name of the backend, for the report.
 * @param create makes a new backend.
 */
export function describeBackend(
  name: string,
  create: () => Backend | Promise<Backend>,
  helpers: BackendHelpers = {},
): void {
  describe(`${name} as a Backend`, () => {
    let shared: Backend | undefined;
    beforeAll(async () => {
      shared = await create();
    });
    afterAll(async () => {
      await shared?.[Symbol.asyncDispose]();
    });
    const context = { create, helpers, backend: () => shared as Backend };
    describe("sessions", () => sessionCases(context));
    describe("runs", () => runCases(context));
    describe("key-value cache", () => cacheCases(context));
    describe("integers", () => integerCases(context));
    describe("lifetime", () => lifetimeCases(context));
    const { memoryInUse } = helpers;
    if (memoryInUse) describe("resources", () => resourceCases(context, memoryInUse));
  });
}
