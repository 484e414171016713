import { describeBackend } from "@smolvlm/contracts/testing";
import { startTests, type Task, type VitestRunner } from "@vitest/runner";
import { webBackend, type WebBackendOptions } from "../web-backend.js";

/** One case of the suite: its path of names, and the message it failed with. */
export interface CaseResult {
  readonly name: string;
  readonly state: string;
  readonly failure: string | undefined;
}

/** Runs the behavioural suite in this page. */
export async function runSuite(options: WebBackendOptions): Promise<readonly CaseResult[]> {
  const runner: VitestRunner = {
    config: {
      root: "/",
      setupFiles: [],
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { shuffle: false, concurrent: false, seed: 1, hooks: "stack", setupFiles: "list" },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
      diffOptions: undefined,
    } as unknown as VitestRunner["config"],
    importFile: () =>
      describeBackend("webBackend", () => webBackend(options), {
        blocksEventLoop: options.worker === false,
        createWithHost: () => webBackend({ ...options, cpuFallback: true }),
      }),
  };
  const [file] = await startTests(["suite"], runner);
  return file ? cases(file, "") : [];
}

function cases(task: Task, prefix: string): CaseResult[] {
  const name = prefix === "" ? task.name : `${prefix} > ${task.name}`;
  const failure = task.result?.errors?.map((error) => error.message).join("; ");
  if (task.type === "test") return [{ name, state: task.result?.state ?? "not run", failure }];
  const own = failure === undefined ? [] : [{ name, state: "fail", failure }];
  return [...own, ...task.tasks.flatMap((each) => cases(each, name))];
}
