import { availableDevices } from "@smolvlm/backend-node";
import { expect, test } from "vitest";

test("the CPU is always there, and came with the package", () => {
  expect(availableDevices()).toContainEqual({ name: "cpu", bundled: true });
});
